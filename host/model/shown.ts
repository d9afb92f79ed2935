// Text that comes from another host and is shown on terminals, in tables and in what went wrong: nothing in it may move a cursor. Pure.

import { z } from "zod";

export function shown(characters: number): z.ZodString {
  return z
    .string()
    .max(characters)
    .regex(/^\P{Cc}*$/u, "has control characters");
}
