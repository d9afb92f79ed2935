// Containers' names: Docker's rules, and names in Docker's manner for those that were given none. Any thread.

import { UsageError } from "../model/errors.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const NAME_CHARACTERS_MAX = 255;
const NUMBERED_MAX = 1_000_000;

const ADJECTIVES =
  "agile amber bold brave brisk calm clear clever cosy crisp eager fair fond gentle glad happy honest keen kind lively lucid merry mild neat nimble patient plain proud quick quiet ready serene sharp shy silent sleek sober steady sunny swift tidy vivid warm wise witty zesty".split(
    " ",
  );
/** Of the loom. */
const NOUNS =
  "bobbin braid canvas comb cord cotton damask denim fabric felt fibre flax fleece gauze harness heddle hemp jacquard knot lace linen loom needle pattern pirn reed ribbon satin selvage shed shuttle silk skein spindle spool tartan tassel thread tweed twill twine velvet warp weave weft woof wool worsted yarn".split(
    " ",
  );

/** Throws UsageError unless Docker would take it. */
export function checkName(name: string): void {
  if (name.length > NAME_CHARACTERS_MAX)
    throw new UsageError(`invalid container name: at most ${NAME_CHARACTERS_MAX} characters are allowed`);
  if (!NAME.test(name)) throw new UsageError(`invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
}

/** E.g. "quiet_shuttle"; with a number behind it when many are taken. */
export function randomName(random: (bytes: number) => Uint8Array, taken: (name: string) => boolean): string {
  const [a, b, c, d] = random(4);
  const start = ((a << 8) | b) % ADJECTIVES.length;
  const name = `${ADJECTIVES[start]}_${NOUNS[((c << 8) | d) % NOUNS.length]}`;
  if (!taken(name)) return name;
  for (let number = 2; number <= NUMBERED_MAX; number++) if (!taken(`${name}${number}`)) return `${name}${number}`;
  throw new RangeError(`${NUMBERED_MAX} containers are called ${name}`);
}
