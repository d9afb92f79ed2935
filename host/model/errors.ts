// Errors that end a command, with the exit codes that bin/weft promises: 1 = it failed, 2 = it was called or configured wrongly,
// 128 + the signal's number = it was interrupted.
// The message is one line that names the place and says what to do; `cause` keeps what the system said.

import { constants } from "node:os";
import { getSystemErrorMap, getSystemErrorMessage } from "node:util";

/** A value that does not parse or lies out of its range. The caller knows the place and adds it. */
export class ValueError extends Error {
  override readonly name = "ValueError";
  readonly code = "WEFT_VALUE";
}

/** Wrong flags or a wrong configuration file: exit 2, and nothing was created. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "WEFT_USAGE";
  readonly exitCode = 2;
}

/** What was asked for could not be done: exit 1. */
export class OperationError extends Error {
  override readonly name = "OperationError";
  readonly code = "WEFT_OPERATION";
  readonly exitCode: number = 1;
}

/** A container's command does not run: exit as Docker has it. 125: the container could not be made; the command cannot be executed (126), was not found (127). */
export class StartError extends OperationError {
  override readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** A signal ended it before it was done: exit as a shell has it, 130 for SIGINT. */
export class InterruptedError extends Error {
  override readonly name = "InterruptedError";
  readonly code = "WEFT_INTERRUPTED";
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.exitCode = 128 + constants.signals[signal];
  }
}

/** The message of anything thrown, on one line. What Node says of a system call is cut to what the system says. */
export function messageOf(error: unknown): string {
  if (isSystemError(error)) {
    const { message, syscall, code, errno } = error;
    const what = getSystemErrorMessage(errno);
    // "spawn ip EAGAIN": nothing else says what could not be done.
    return message === `${syscall} ${code}` ? `${syscall}: ${what}` : what;
  }
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, "; ");
}

/** Node's own, e.g. "ENOENT: no such file or directory, open '/x'" or "listen EACCES: permission denied /x". */
function isSystemError(error: unknown): error is NodeJS.ErrnoException & { errno: number } {
  if (!(error instanceof Error)) return false;
  const { code, errno, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined || errno === undefined || !getSystemErrorMap().has(errno)) return false;
  return message.startsWith(`${code}: `) || message === `${syscall} ${code}` || message.startsWith(`${syscall} ${code}: `);
}
