// Yjs and Loro merging two replicas that diverged, warm: what it costs one replica to ask for the
// other's changes and take them in. Speaks as much of Google Benchmark's language as bench/compare
// needs; each figure is the better of the two libraries.
import * as Y from "yjs";
import { LoroDoc } from "loro-crdt";

const KEYS = 100_000;
const quick = process.env.UKSTORE_BENCH_QUICK === "1";

// The same numbers every time.
function numbers(seed) {
  let x = BigInt(seed) * 0x9e3779b97f4a7c15n;
  return (below) => {
    x = (x * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
    return Number((x >> 33n) % BigInt(below));
  };
}
const key = (i) => ((BigInt(i + 1) * 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn).toString(16).padStart(16, "0");

const yjs = {
  make: () => new Y.Doc(),
  copy: (doc) => {
    const copy = new Y.Doc();
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
    return copy;
  },
  write: (doc, work) => doc.transact(() => work(doc.getMap("map"))),
  put: (map, k, v) => map.set(k, v),
  erase: (map, k) => map.delete(k),
  increment: (doc) => {
    const map = doc.getMap("counter"), me = String(doc.clientID);
    map.set(me, (map.get(me) ?? 0) + 1);
  },
  merge: (doc, other) => Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc))),
};
const loro = {
  make: () => new LoroDoc(),
  copy: (doc) => {
    const copy = new LoroDoc();
    copy.import(doc.export({ mode: "snapshot" }));
    return copy;
  },
  write: (doc, work) => {
    work(doc.getMap("map"));
    doc.commit();
  },
  put: (map, k, v) => map.set(k, v),
  erase: (map, k) => map.delete(k),
  increment: (doc) => {
    doc.getCounter("counter").increment(1);
    doc.commit();
  },
  merge: (doc, other) => doc.import(other.export({ mode: "update", from: doc.version() })),
};

const scenarios = {
  map_merge: {
    start: (lib, doc) => lib.write(doc, (map) => {
      for (let i = 0; i < KEYS; ++i) lib.put(map, key(i), "value");
    }),
    change: (lib, doc, seed) => lib.write(doc, (map) => {
      const random = numbers(seed);
      for (let i = 0; i < 1_000; ++i) lib.put(map, key(random(KEYS)), `changed${i}`);
    }),
  },
  set_merge: {
    start: (lib, doc) => lib.write(doc, (map) => {
      for (let i = 0; i < 10_000; ++i) lib.put(map, key(i), true);
    }),
    change: (lib, doc, seed) => lib.write(doc, (map) => {
      const random = numbers(seed);
      for (let i = 0; i < 10_000; ++i) {
        const element = key(random(20_000));
        if (random(2)) lib.put(map, element, true);
        else lib.erase(map, element);
      }
    }),
  },
  counter_merge: {
    start: (lib, doc) => lib.increment(doc),
    change: (lib, doc) => {
      for (let i = 0; i < 10_000; ++i) lib.increment(doc);
    },
  },
};

function cost(lib, scenario) {
  const start = lib.make();
  scenario.start(lib, start);
  const took = [];
  for (let round = 0; round < (quick ? 4 : 8); ++round) {
    const ours = lib.copy(start), theirs = lib.copy(start);
    scenario.change(lib, ours, 1);
    scenario.change(lib, theirs, 2);
    const before = process.cpuUsage();
    lib.merge(ours, theirs);
    const spent = process.cpuUsage(before);
    took.push(spent.user + spent.system);
  }
  return Math.min(...took);
}

const filter = process.argv.find((a) => a.startsWith("--benchmark_filter="))?.split("=")[1] ?? "";
const benchmarks = [];
for (const [name, scenario] of Object.entries(scenarios)) {
  if (!new RegExp(filter).test(`${name}/peer`)) continue;
  const costs = { Yjs: cost(yjs, scenario), Loro: cost(loro, scenario) };
  const us = Math.min(...Object.values(costs));
  benchmarks.push({ name: `${name}/peer`, cpu_time: us, real_time: us, time_unit: "us", ...costs });
}
console.log(JSON.stringify({ benchmarks }));
