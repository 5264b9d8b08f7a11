import type { ChildProcess } from 'node:child_process';
import type { ChildExit } from './child';

/** A server of ours that runs as a child of this process. */
export interface EmbeddedServer {
  /** How to connect, credentials included. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves when it has ended, whoever ended it. */
  readonly exited: Promise<ChildExit>;
  /** Ends it gracefully, and by force after a limit; resolves once it is gone. */
  stop(): Promise<void>;
}
