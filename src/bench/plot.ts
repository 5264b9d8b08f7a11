import * as echarts from 'echarts';
import type { LatencyPoint } from './result';

const WIDTH = 800;
const HEIGHT = 420;
const FONT = 'sans-serif';
const CURVES = [['p99', '#c0392b'], ['p95', '#e08e0b'], ['p50', '#2874a6']] as const;

/** Latency, on a logarithmic axis, against offered rate, as the text of an SVG. The last point is past saturation. */
export function latencyPlot(points: readonly LatencyPoint[]): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height: HEIGHT });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: '#ffffff',
      textStyle: { fontFamily: FONT },
      title: { text: 'Latency of single orders by offered rate', left: 'center', textStyle: { fontSize: 15, fontWeight: 'normal' } },
      legend: { data: CURVES.map(([name]) => name), top: 36 },
      grid: { left: 70, right: 30, top: 75, bottom: 55 },
      xAxis: { type: 'value', name: 'orders/s offered', nameLocation: 'middle', nameGap: 30, min: 0, max: 'dataMax' },
      yAxis: { type: 'log', name: 'milliseconds', nameLocation: 'middle', nameGap: 45, minorSplitLine: { show: true } },
      series: CURVES.map(([name, color]) => ({
        name, type: 'line', symbolSize: 7, color, data: points.map((point) => [point.offered, Math.max(0.01, point[name])]),
      })),
    });
    return `${chart.renderToSVGString()}\n`;
  } finally {
    chart.dispose();
  }
}
