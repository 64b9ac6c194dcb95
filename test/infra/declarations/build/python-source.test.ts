import { describe, expect, it } from "vitest";
import {
  classesOf,
  definedAt,
  importsOf,
  placeOf,
  pythonSource,
} from "../../../../infra/declarations/build/python-source.ts";

const of = (text: string) => pythonSource("crew.py", text);

describe("the classes of a file in Python", () => {
  it.each<[what: string, text: string, expected: unknown[]]>([
    ["without bases", "class A:\n    pass\n", [{ name: "A", decorators: [], bases: [] }]],
    [
      "with type arguments and a metaclass",
      "class A(Flow[Dict[str, Any]], mixins.Base, metaclass=Meta):\n    pass\n",
      [{ name: "A", decorators: [], bases: ["Flow", "mixins.Base"] }],
    ],
    [
      "whose head takes several lines",
      "@CrewBase\n@tagged(\n    'a',\n)\n\nclass A(\n    One,  # the first\n    Two,\n) :\n    pass\n",
      [{ name: "A", decorators: ["CrewBase", "tagged"], bases: ["One", "Two"] }],
    ],
    [
      "in a docstring",
      '"""\n@CrewBase\nclass A:\n"""\nclass B: ...\n',
      [{ name: "B", decorators: [], bases: [] }],
    ],
    ["in a comment", "# class A:\n#class B:\n", []],
    [
      "in a string that escapes its quote",
      "x = 'it\\'s # \\'\\\n class'\nclass B: ...\n",
      [{ name: "B", decorators: [], bases: [] }],
    ],
    [
      "after an unclosed string",
      "x = 'never closed\nclass B: ...\n",
      [{ name: "B", decorators: [], bases: [] }],
    ],
    ["within another", "class A:\n    class B:\n        pass\n", [{ name: "A", decorators: [], bases: [] }]],
    [
      "with Windows' ends of lines",
      "@CrewBase\r\nclass A(Flow):\r\n    pass\r\n",
      [{ name: "A", decorators: ["CrewBase"], bases: ["Flow"] }],
    ],
  ])("%s", (_, text, expected) => {
    expect(classesOf(of(text)).map(({ name, decorators, bases }) => ({ name, decorators, bases }))).toEqual(
      expected,
    );
  });

  it("end where the next statement begins", () => {
    const text = 'class A:\n    """Says\nx = 1\n    """\n\n    def crew(self): ...\n\nafter = 1\n';
    const [found] = classesOf(of(text));
    expect(text.slice(found?.body.start, found?.body.end)).toContain("def crew");
    expect(text.slice(found?.body.start, found?.body.end)).not.toContain("after");
  });
});

it.each<[text: string, isDefined: boolean]>([
  ["def crew():\n    ...\n", true],
  ["async def crew(): ...\n", true],
  ["crew = make()\n", true],
  ["crew: Crew = make()\n", true],
  ["crew == other\n", false],
  ["def crews(): ...\n", false],
  ["    def crew(self): ...\n", false],
])("a name at the top level of %j: %s", (text, isDefined) => {
  expect(definedAt(of(text), "crew") !== undefined).toBe(isDefined);
});

it.each<[text: string, expected: unknown[]]>([
  [
    "from a.b import c as d, e\n",
    [
      { module: "a.b", name: "c", alias: "d" },
      { module: "a.b", name: "e", alias: "e" },
    ],
  ],
  [
    "from . import (\n    a,  # one\n    b,\n)\n",
    [
      { module: ".", name: "a", alias: "a" },
      { module: ".", name: "b", alias: "b" },
    ],
  ],
  [
    "from a import b, \\\n    c\n",
    [
      { module: "a", name: "b", alias: "b" },
      { module: "a", name: "c", alias: "c" },
    ],
  ],
  [
    "def f():\n    import a.b as c, d\n",
    [
      { module: "a.b", alias: "c" },
      { module: "d", alias: "d" },
    ],
  ],
  ["text = 'import a'\n# import b\n", []],
])("the imports of %j", (text, expected) => {
  expect(importsOf(of(text))).toEqual(expected);
});

it("keeps every line and column of a file", () => {
  const text = "a = '''one\n\ttwo'''  # three\ninput('x')\n";
  const { code } = of(text);
  expect(code).toHaveLength(text.length);
  expect(placeOf(text, code.indexOf("input"))).toEqual({ line: 3, column: 1 });
});

it("reads a file of many megabytes", () => {
  const text = `data = """${"a\\n".repeat(2_000_000)}"""\nclass A: ...\n`;
  expect(classesOf(of(text))).toHaveLength(1);
});
