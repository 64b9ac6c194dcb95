import { render } from "preact";
import { App } from "./app.tsx";
import { start } from "./session/session.ts";

const place = document.getElementById("page");
if (!place) throw new Error("index.html has no place for the page.");
render(<App />, place);
void start();
