import { runningText, usdText } from "../texts.ts";
import type { CostSums } from "../wire.ts";
import type { Column } from "./loaded.tsx";

const usd = (amount: string | null) =>
  amount === null ? <span class="quiet">no price</span> : usdText(amount);

/** What is shown of sums of costs, whichever agents and months they are of. */
export const COST_COLUMNS: readonly Column<CostSums>[] = [
  {
    title: "Tokens",
    cell: ({ inputTokens, outputTokens }) =>
      inputTokens + outputTokens === 0
        ? "none"
        : `${inputTokens.toLocaleString("en")} in, ${outputTokens.toLocaleString("en")} out`,
  },
  { title: "Models", cell: ({ modelsUsd }) => usd(modelsUsd) },
  {
    title: "Time",
    cell: ({ containerSeconds, jobSeconds }) =>
      containerSeconds + jobSeconds === 0 ? (
        "none"
      ) : (
        <div>
          {containerSeconds > 0 ? <div>{runningText(containerSeconds)} up</div> : null}
          {jobSeconds > 0 ? <div>{runningText(jobSeconds)} in jobs</div> : null}
        </div>
      ),
  },
  { title: "Price of time", cell: ({ timeUsd }) => usd(timeUsd) },
  { title: "Fees", cell: ({ fees }) => `${fees} ADA` },
];
