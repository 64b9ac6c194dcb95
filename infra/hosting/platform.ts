import { z } from "zod";

/** The platforms that images can be built for. */
export const platform = z.enum(["linux/amd64", "linux/arm64"]);
