/**
 * What must be undone however the run ends: by itself, by an error that nobody caught, by Ctrl-C, by a closed terminal.
 * Only SIGKILL and a power cut get past; for those, what is left behind is found and mended by the next run.
 */

type Task = () => void;

const tasks = new Set<Task>();
const SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
let listening = false;
let shielded = 0;

/**
 * Has `task` run when the process ends, unless it was taken back. Tasks run in reverse order, each once, and must be
 * synchronous; what one throws does not stop the others.
 * @returns takes the task back without running it
 */
export function atEnd(task: Task): () => void {
  if (!listening) {
    listening = true;
    process.on("exit", runTasks);
    for (const signal of SIGNALS) process.on(signal, end);
  }
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size > 0) return;
    listening = false;
    process.off("exit", runTasks);
    for (const signal of SIGNALS) process.off(signal, end);
  };
}

/**
 * While another program has the terminal (an editor), Ctrl-C is meant for that program: it reaches us too, and is
 * ignored until the returned function is called.
 */
export function leaveInterruptsToChild(): () => void {
  shielded++;
  const stop = atEnd(() => {});
  return () => {
    shielded--;
    stop();
  };
}

function end(signal: NodeJS.Signals): void {
  if (signal === "SIGINT" && shielded > 0) return;
  runTasks();
  for (const each of SIGNALS) process.off(each, end);
  // By the signal itself, so that whoever waits for us learns the truth: a shell shows 130 and 143.
  process.kill(process.pid, signal);
}

function runTasks(): void {
  for (const task of [...tasks].reverse()) {
    tasks.delete(task);
    try {
      task();
    } catch {
      // The run is ending already, and the tasks that are left matter more than this one's complaint.
    }
  }
}
