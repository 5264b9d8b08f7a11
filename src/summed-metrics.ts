import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue } from 'prom-client';

/** What a process counts and measures, as prom-client gives it for another process. */
export type MetricValues = MetricObjectWithValues<MetricValue<string>>[];

/** What only grows: it stays in the sum when its process ends. All else is true of a process that runs. */
const GROWING = new Set(['counter', 'histogram']);

/**
 * The sum of several processes' metrics. What an ended one had counted when it told last stays in it, so that no sum that was
 * shown ever goes back; what it has counted since is lost.
 */
export class SummedMetrics {
  /** By process. */
  private readonly told = new Map<number, MetricValues>();
  /** Of all processes that have ended, summed up. */
  private ended: MetricValues = [];

  /** @param id of the process, which no later one has again */
  tell(id: number, values: MetricValues): void {
    this.told.set(id, values);
  }

  end(id: number): void {
    const last = this.told.get(id);
    if (last === undefined) return;
    this.told.delete(id);
    // Types stand in the values as names.
    const growing = last.filter(({ type }) => GROWING.has(String(type)));
    this.ended = AggregatorRegistry.aggregate([this.ended, growing]).getMetricsAsArray() as unknown as MetricValues;
  }

  /** As a page of metrics. */
  text(): Promise<string> {
    return AggregatorRegistry.aggregate([this.ended, ...this.told.values()]).metrics();
  }
}
