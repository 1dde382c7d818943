/** What a sealing thread runs: `dist/seal-thread.cjs` as installed. */
import { type SealBatch, sealBatch } from "../age/seal-batch.ts";
import { answerRequests } from "../repo/thread.ts";

answerRequests((batch) => sealBatch(batch as SealBatch));
