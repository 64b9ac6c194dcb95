/** The Pulumi CLI and SDK that this project is tested with, as a pair. README.md names them too. */
export const TESTED = { cli: "3.260.0", sdk: "3.270.0" } as const;
