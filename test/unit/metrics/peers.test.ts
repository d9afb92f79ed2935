import { expect, test } from "vitest";
import { exposition } from "../../../host/metrics/exposition.ts";
import type { PeerProbes } from "../../../host/model/view.ts";
import { sampleProbes, sampleView } from "../view.ts";
import { pick, samplesOf } from "./text.ts";

const NEW: PeerProbes = {
  vtep: "10.99.0.9",
  suspect: false,
  rttSeconds: null,
  loss: null,
  pathMtu: null,
  answered: 0,
  lost: 0,
  forgotten: 0,
};

const figures = async (peers: PeerProbes[]) => {
  const lines = samplesOf(
    await exposition(sampleView(), { probes: () => peers, refused: () => [{ reason: "unauthentic", frames: 3 }] }).text(),
  );
  return (name: string) => pick(lines, name).map(({ labels, value }) => [...Object.values(labels), value]);
};

test("each peer has its figures", async () => {
  const of = await figures(sampleProbes().probes());
  expect(of("weft_peer_rtt_seconds")).toEqual([["10.99.0.2", 0.00025]]);
  expect(of("weft_peer_probe_loss_ratio")).toEqual([
    ["10.99.0.2", 0.125],
    ["10.99.0.3", 1],
  ]);
  expect(of("weft_peer_path_mtu_bytes")).toEqual([["10.99.0.2", 1500]]);
  expect(of("weft_peer_suspect")).toEqual([
    ["10.99.0.2", 0],
    ["10.99.0.3", 1],
  ]);
  expect(of("weft_peer_probes_total")).toEqual([
    ["10.99.0.2", "answered", 56],
    ["10.99.0.2", "lost", 8],
    ["10.99.0.2", "forgotten", 1],
    ["10.99.0.3", "answered", 0],
    ["10.99.0.3", "lost", 70],
    ["10.99.0.3", "forgotten", 0],
  ]);
});

test("what is not known of one is left out, what is none is told", async () => {
  const of = await figures([NEW]);
  for (const name of ["weft_peer_rtt_seconds", "weft_peer_probe_loss_ratio", "weft_peer_path_mtu_bytes"]) expect(of(name)).toEqual([]);
  expect(of("weft_peer_suspect")).toEqual([["10.99.0.9", 0]]);
});

test("frames that were not acted on are counted by reason", async () => {
  expect((await figures([]))("weft_probes_refused_total")).toEqual([["unauthentic", 3]]);
});

test("without a cluster there is none of it", async () => {
  const lines = samplesOf(await exposition(sampleView()).text());
  expect(lines.filter(({ name }) => /^weft_(peer_(rtt|probe|path|suspect)|probes)/.test(name))).toEqual([]);
});
