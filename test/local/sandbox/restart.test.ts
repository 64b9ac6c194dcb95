import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunningSandbox, startSandbox } from "../../../local/sandbox/index.ts";
import { FOREIGN_ADDRESS } from "../../helpers/sandbox-control.ts";
import { registration, SandboxClient, V1_WALLET, V2_WALLET } from "./client.ts";

describe("a sandbox that is closed and started again with its database", () => {
  let folder: string;
  let sandbox: RunningSandbox;
  let client: SandboxClient;

  async function start(port = 0) {
    sandbox = await startSandbox({ chainSpeed: 0, db: join(folder, "sandbox.sqlite"), port });
    client = new SandboxClient(sandbox);
  }
  async function restart() {
    await sandbox.close();
    await start(Number(new URL(sandbox.url).port));
    // The client may not have noticed yet that its old connection is gone.
    const status = () =>
      client.control("GET", "/status").then(
        () => "up",
        () => "down",
      );
    await expect.poll(status).toBe("up");
  }

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-"));
    await start();
  });
  afterEach(async () => {
    await sandbox.close();
    rmSync(folder, { recursive: true });
  });

  const states = async () =>
    Object.fromEntries((await client.rows()).map(({ name, state }) => [name, state] as const));

  /** All that the service and its chain can tell. */
  async function everything() {
    const data = async (path: string) => (await client.ask("GET", path, undefined, "admin")).body.data;
    const ofBoth = async (path: string) => [
      await data(`${path}?network=Preprod`),
      await data(`${path}?network=Preprod&filterPaymentSourceType=Web3CardanoV2`),
    ];
    const held = (vkey: string) => data(`/registry/wallet?network=Preprod&walletVkey=${vkey}`);
    return {
      url: sandbox.url,
      chainTime: (await client.control<{ now: string }>("GET", "/status")).now,
      rows: await client.rows(),
      lists: [await ofBoth("/registry"), await ofBoth("/registry/diff"), await ofBoth("/payment")],
      wallets: await client.control("GET", "/wallets"),
      tokens: [await held(V1_WALLET), await held(V2_WALLET)],
    };
  }

  it("has lost nothing, on the same port, and goes on with what was under way", async () => {
    await client.register(registration("settled", V2_WALLET));
    await client.register(registration("moved away", V2_WALLET));
    await client.advance(100);
    const [settled, moved] = await client.rows();
    await client.control("PATCH", `/assets/${moved?.agentIdentifier}`, { holder: FOREIGN_ADDRESS });
    await client.control("POST", "/payments", {
      agentIdentifier: settled?.agentIdentifier,
      onChainState: "FundsLocked",
    });
    await client.register(registration("under way", V1_WALLET));
    await client.advance(30);
    await client.register(registration("waiting", V1_WALLET));
    expect(await states()).toEqual({
      settled: "RegistrationConfirmed",
      "moved away": "RegistrationConfirmed",
      "under way": "RegistrationInitiated",
      waiting: "RegistrationRequested",
    });

    const before = await everything();
    await restart();
    expect(await everything()).toEqual(before);

    await client.advance(200);
    expect(new Set(Object.values(await states()))).toEqual(new Set(["RegistrationConfirmed"]));
  });

  it("puts new rows before the old ones", async () => {
    for (const name of ["a", "b", "c"]) {
      await client.register(registration(name, V1_WALLET));
      await restart();
    }
    const reply = await client.ask<{ Assets: { name: string }[] }>("GET", "/registry?network=Preprod");
    expect(reply.body.data.Assets.map(({ name }) => name)).toEqual(["c", "b", "a"]);
  });

  it("takes over a database of version 4, whose rows had a column more", async () => {
    await client.register(registration("kept"));
    await sandbox.close();
    const db = new DatabaseSync(join(folder, "sandbox.sqlite"));
    db.exec(
      "ALTER TABLE registrations ADD COLUMN lovelacePrices TEXT NOT NULL DEFAULT '[]'; PRAGMA user_version = 4",
    );
    db.close();
    for (let starts = 0; starts < 2; starts++) {
      await start();
      expect(Object.keys(await states())).toEqual(["kept"]);
      await sandbox.close();
    }
    await start();
    await client.register(registration("new"));
    expect(Object.keys(await states()).toSorted()).toEqual(["kept", "new"]);
  });

  it.each([1, 3, 6])("refuses a database of version %i, and says what to do", async (version) => {
    await client.register(registration("kept"));
    await sandbox.close();
    const setVersion = (number: number) => {
      const db = new DatabaseSync(join(folder, "sandbox.sqlite"));
      db.exec(`PRAGMA user_version = ${number}`);
      db.close();
    };
    setVersion(version);
    await expect(start()).rejects.toThrow(
      /sandbox\.sqlite was written by another version of the sandbox .*Remove the file/su,
    );
    setVersion(5);
    await start();
    expect(Object.keys(await states())).toEqual(["kept"]);
  });
});
