export { CrewDrain, type CrewDrainArgs } from "./crew-drain.ts";
