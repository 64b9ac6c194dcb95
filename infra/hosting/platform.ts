import { z } from "zod";

/** What images are built for. */
export const platform = z.enum(["linux/amd64", "linux/arm64"]);
