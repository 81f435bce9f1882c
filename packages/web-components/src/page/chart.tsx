/** One graph over time. The library draws on a canvas; the title and the last value are there for those who do not see it. */
import { Card, CardBody, CardTitle } from "@patternfly/react-core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export type Line = {
  readonly label: string;
  readonly colour: string;
  readonly values: readonly (number | null)[];
};

/** Colours of the lines of one graph, told apart also by those who see no red or green. */
export const lineColours = { first: "#0066cc", second: "#ca6c0f" } as const;

const heightPx = 220;
const prefixes = ["", "k", "M", "G", "T"] as const;
const step = 1_000;

/** Three digits and a decimal prefix; a dash where there is nothing. */
export function amount(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  const order = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), prefixes.length - 1);
  return `${Number((value / step ** order).toPrecision(3))} ${prefixes[order]}`.trim();
}

export function Chart({
  title,
  at,
  lines,
}: {
  readonly title: string;
  /** Seconds since 1970. */
  readonly at: readonly number[];
  readonly lines: readonly Line[];
}) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = place.current;
    if (box === null) return;
    const plot = new uPlot(
      {
        width: box.clientWidth,
        height: heightPx,
        series: [
          {},
          // What is not there stays a gap.
          ...lines.map(({ label, colour }) => ({
            label,
            stroke: colour,
            width: 1.5,
            spanGaps: false,
            value: (_: uPlot, value: number | null) => amount(value),
          })),
        ],
        axes: [{}, { size: 64, values: (_, ticks) => ticks.map(amount) }],
        scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      },
      [[...at], ...lines.map(({ values }) => [...values])] as uPlot.AlignedData,
      box,
    );
    const fit = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: heightPx }));
    fit.observe(box);
    return () => {
      fit.disconnect();
      plot.destroy();
    };
  }, [at, lines]);
  const last = lines
    .map(({ label, values }) => `${label} ${amount(values.findLast((value) => value !== null))}`)
    .join(", ");
  return (
    <Card isCompact>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        <div ref={place} role="img" aria-label={`${title} over time; last: ${last}`} />
      </CardBody>
    </Card>
  );
}
