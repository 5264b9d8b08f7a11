import { callOnce } from './client';

/**
 * The value of a sample on a service's metrics page; 0 for one with labels that has not counted yet.
 * @param sample its name, with its labels as they are printed
 */
export async function metricOf(url: string, sample: string): Promise<number> {
  const { text } = await callOnce(url, 'GET', '/metrics');
  const line = text.split('\n').find((one) => one.startsWith(`${sample} `));
  if (line === undefined && sample.includes('{')) return 0;
  return Number(line?.slice(sample.length + 1));
}
