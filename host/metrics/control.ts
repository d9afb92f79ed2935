// How the control plane keeps the tables what they should be.

import type { DataPlaneView, HistogramView } from "../model/view.ts";
import { type Family, histogramSamples, type Sample } from "./family.ts";

type View = { view: DataPlaneView };

const RECONCILE = "weft_reconcile_seconds";
const CONVERGENCE = "weft_convergence_seconds";

export const CONTROL_FAMILIES: readonly Family<View>[] = [
  {
    name: "weft_reconcile_drift",
    help: "Entries and interfaces that the last reconcile found wrong for no known reason, and repaired. 0 on a healthy host.",
    type: "gauge",
    samples: ({ view }) => [{ labels: {}, value: view.control().drift }],
  },
  {
    name: "weft_reconcile_corrections_total",
    help: "Entries, networks and ports that reconciles have made, changed or removed.",
    type: "counter",
    samples: ({ view }) => [{ labels: {}, value: view.control().corrections }],
  },
  {
    name: "weft_control_failures",
    help: "Entries, networks and ports that are wanted now and could not be had: the log says why.",
    type: "gauge",
    samples: ({ view }) => [{ labels: {}, value: view.control().failures }],
  },
  {
    name: RECONCILE,
    help: "How long it took to compare all that is with all that shall be, and to repair it.",
    type: "histogram",
    samples: ({ view }) => histogram(RECONCILE, view.control().reconciles),
  },
  {
    name: CONVERGENCE,
    help: "How long changes of the cluster's state took to reach this host's tables.",
    type: "histogram",
    samples: ({ view }) => histogram(CONVERGENCE, view.control().convergences),
  },
];

function histogram(name: string, { bounds, counts, sum }: HistogramView): Sample[] {
  return histogramSamples(name, {}, bounds, counts, sum);
}
