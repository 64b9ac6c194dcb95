import { servePackage } from "../server/serve.ts";
import { aws } from "./package.ts";

servePackage(aws);
