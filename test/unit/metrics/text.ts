// Reads Prometheus's text format back, for tests: `name{label="value"} number` lines.

export interface Line {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** Every sample of a scrape. Throws on a line that is none. */
export function samplesOf(text: string): Line[] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (match === null) throw new Error(`not a sample: ${line}`);
      const labels = [...(match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name, value]);
      return { name: match[1], labels: Object.fromEntries(labels), value: Number(match[3]) };
    });
}

/** The samples of one name that have these labels among theirs. */
export function pick(lines: Line[], name: string, labels: Record<string, string> = {}): Line[] {
  return lines.filter((line) => line.name === name && Object.entries(labels).every(([key, value]) => line.labels[key] === value));
}

/** The sum of those samples; NaN when there is none. */
export function total(lines: Line[], name: string, labels: Record<string, string> = {}): number {
  const found = pick(lines, name, labels);
  return found.length === 0 ? Number.NaN : found.reduce((sum, line) => sum + line.value, 0);
}
