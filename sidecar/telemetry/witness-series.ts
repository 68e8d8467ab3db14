import { Counter, Gauge, type Registry } from 'prom-client';

/** What is read when somebody scrapes. */
export interface WitnessSources {
  /** Size of the newest checkpoint that each witness is known to have cosigned, by name. */
  cosignedSizes(): Iterable<readonly [witness: string, size: number]>;
}

/** What becomes of checkpoints that are offered to witnesses. */
export interface WitnessSeries {
  /** A witness gave no cosignature. The kinds are a closed list. */
  witnessFailed(witness: string, kind: string): void;
}

/** Registers the series of witnesses. */
export function createWitnessSeries(registry: Registry, { cosignedSizes }: WitnessSources): WitnessSeries {
  const registers = [registry];
  new Gauge({
    name: 'jimini_witness_cosigned_size',
    help: 'Leaves in the newest checkpoint that a witness is known to have cosigned; 0 = none',
    labelNames: ['witness'],
    registers,
    collect() {
      this.reset();
      for (const [witness, size] of cosignedSizes()) this.set({ witness }, size);
    },
  });
  const failures = new Counter({
    name: 'jimini_witness_failures_total',
    help: 'Checkpoints that a witness did not cosign when they were offered, by kind of failure',
    labelNames: ['witness', 'kind'],
    registers,
  });
  return { witnessFailed: (witness, kind) => failures.inc({ witness, kind }) };
}
