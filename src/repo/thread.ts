/** A second thread of this process that answers requests, for work that would keep one core busy and others idle. */
import { availableParallelism } from "node:os";
import { parentPort, type Transferable, Worker } from "node:worker_threads";

export interface Thread {
  /** Settled when it listens, or cannot. */
  readonly ready: Promise<void>;
  /**
   * What the thread answers. Requests are answered in order, several may be under way.
   *
   * @param transfer memory that moves to the thread and is gone here
   * @throws Error (rejects) if the thread ends before it answers, for whatever reason
   */
  ask(request: unknown, transfer: readonly Transferable[]): Promise<unknown>;
  /** Ends the thread at once, whatever it is doing. */
  close(): Promise<void>;
}

/** How many threads can run side by side with this one. */
export function spareCores(): number {
  return availableParallelism() - 1;
}

/**
 * @param entry a file that calls `answerRequests`
 * @throws Error if the system gives no thread
 *
 * The thread has no environment (it needs none of the secrets in ours), and keeps the process alive only while it owes
 * an answer.
 */
export function startThread(entry: string | URL): Thread {
  const worker = new Worker(entry, { env: {}, execArgv: [], argv: [] });
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const owed: PromiseWithResolvers<unknown>[] = [];
  let fault: Error | undefined;
  const fail = (error: Error) => {
    fault ??= error;
    ready.reject(fault);
    for (const answer of owed.splice(0)) answer.reject(fault);
  };
  let listens = false;
  worker.on("message", (message) => {
    if (listens) owed.shift()?.resolve(message);
    listens = true;
    ready.resolve();
    if (owed.length === 0) worker.unref();
  });
  worker.on("messageerror", fail);
  worker.on("error", fail);
  worker.on("exit", () => fail(new Error("a thread ended early")));
  // Only now: whoever listens to a thread makes the process wait for it.
  worker.unref();
  return {
    ready: ready.promise,
    ask: (request, transfer) => {
      const answer = Promise.withResolvers<unknown>();
      if (fault !== undefined) answer.reject(fault);
      else {
        worker.postMessage(request, transfer);
        worker.ref();
        owed.push(answer);
      }
      return answer.promise;
    },
    close: async () => {
      await worker.terminate();
    },
  };
}

/** To be called in the thread, once. An answer that rejects ends the thread. */
export function answerRequests(answer: (request: unknown) => Promise<unknown>): void {
  // The first message says that this thread listens.
  parentPort?.postMessage(null);
  let last: Promise<void> = Promise.resolve();
  parentPort?.on("message", (request) => {
    last = last.then(async () => parentPort?.postMessage(await answer(request)));
  });
}
