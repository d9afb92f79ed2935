// Walking and changing a WebAssembly module with binaryen, whose own passes cannot count what is asked here (they leave out vectors, atomics and bulk
// copies). binaryen.js has an accessor pair for each operand of each kind of expression and no walker; this table is one, for the kinds
// that the packet core consists of. Another kind is an error, not a silent gap.

import binaryen from "binaryen";

export type Expression = number;

/** Static accessors such as `binaryen.If.getCondition`: in binaryen's README, not in its types. */
const api = binaryen as unknown as Record<string, Record<string, (...words: number[]) => number>>;

/** The operands of each kind. */
const OPERANDS: Record<string, readonly string[]> = {
  Nop: [],
  If: ["Condition", "IfTrue", "IfFalse"],
  Loop: ["Body"],
  Break: ["Condition", "Value"],
  LocalGet: [],
  LocalSet: ["Value"],
  GlobalGet: [],
  GlobalSet: ["Value"],
  Load: ["Ptr"],
  Store: ["Ptr", "Value"],
  AtomicRMW: ["Ptr", "Value"],
  AtomicCmpxchg: ["Ptr", "Expected", "Replacement"],
  AtomicNotify: ["Ptr", "NotifyCount"],
  AtomicFence: [],
  SIMDExtract: ["Vec"],
  SIMDReplace: ["Vec", "Value"],
  SIMDShuffle: ["Left", "Right"],
  SIMDTernary: ["A", "B", "C"],
  SIMDShift: ["Vec", "Shift"],
  MemoryCopy: ["Dest", "Source", "Size"],
  MemoryFill: ["Dest", "Value", "Size"],
  Const: [],
  Unary: ["Value"],
  Binary: ["Left", "Right"],
  Select: ["IfTrue", "IfFalse", "Condition"],
  Drop: ["Value"],
  Return: ["Value"],
  Unreachable: [],
};

/** Kinds with a list of them instead: its name, and that of one. */
const LISTS: Record<string, readonly [all: string, one: string]> = { Block: ["Children", "Child"], Call: ["Operands", "Operand"] };

const KINDS = new Map(
  [...Object.keys(OPERANDS), ...Object.keys(LISTS)].map((kind) => [(binaryen as unknown as Record<string, number>)[`${kind}Id`], kind]),
);

/** "Load", "If", …. Throws for a kind that is not in the table. */
export function kindOf(expression: Expression): string {
  const kind = KINDS.get(binaryen.getExpressionId(expression));
  if (kind === undefined) throw new Error(`expression of kind ${binaryen.getExpressionId(expression)}: add its operands to the table`);
  return kind;
}

/** The operands that are there (an `if` may have no `else`). */
export function operandsOf(expression: Expression): Expression[] {
  const kind = kindOf(expression);
  const list = LISTS[kind];
  if (list === undefined) return OPERANDS[kind].map((name) => api[kind][`get${name}`](expression)).filter((operand) => operand !== 0);
  const count = api[kind][`getNum${list[0]}`](expression);
  return Array.from({ length: count }, (_, i) => api[kind][`get${list[1]}At`](expression, i));
}

/** Replaces each operand by what `change` makes of it. */
export function changeOperands(expression: Expression, change: (operand: Expression) => Expression): void {
  const kind = kindOf(expression);
  const list = LISTS[kind];
  if (list !== undefined) {
    for (const [i, operand] of operandsOf(expression).entries()) api[kind][`set${list[1]}At`](expression, i, change(operand));
    return;
  }
  for (const name of OPERANDS[kind]) changeOperand(expression, name, change);
}

/** Replaces one operand, if it is there. */
export function changeOperand(expression: Expression, name: string, change: (operand: Expression) => Expression): void {
  const kind = kindOf(expression);
  const operand = api[kind][`get${name}`](expression);
  if (operand !== 0) api[kind][`set${name}`](expression, change(operand));
}

/** A number that an expression carries: `Offset`, `Bytes`. */
export function immediate(expression: Expression, name: string): number {
  return api[kindOf(expression)][`get${name}`](expression);
}
