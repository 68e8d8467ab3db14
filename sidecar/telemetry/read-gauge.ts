import { Gauge, type Registry } from 'prom-client';

/** Registers a gauge that is read when somebody scrapes. */
export type AddGauge = (name: string, help: string, read: () => number) => void;

/** Makes gauges of one registry that ask their source at scrape time. */
export function gaugesOf(registry: Registry): AddGauge {
  return (name, help, read) => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
}
