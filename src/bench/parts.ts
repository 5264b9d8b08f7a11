import { depthPart } from './parts/depth';
import { enginePart } from './parts/engine';
import { fanOutPart } from './parts/fan-out';
import { httpBatchesPart } from './parts/http-batches';
import { httpOrdersPart, latencyPart } from './parts/http-orders';
import { libraryPart } from './parts/library';
import { memoryPart } from './parts/memory';
import { profilePart } from './parts/profile';
import { recoveryPart } from './parts/recovery';
import { writerPart } from './parts/writer';
import { wsOrdersPart } from './parts/ws-orders';
import type { Part } from './result';

export const PARTS: readonly Part[] = [
  enginePart, libraryPart, httpBatchesPart, httpOrdersPart, latencyPart, wsOrdersPart, fanOutPart, writerPart, recoveryPart, depthPart,
  memoryPart, profilePart,
];
