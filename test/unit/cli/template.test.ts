import { describe, expect, test } from "vitest";
import { compile } from "../../../host/cli/template.ts";
import { UsageError, ValueError } from "../../../host/model/errors.ts";

const VALUE = {
  Name: "blue",
  Vni: 4096,
  Internal: false,
  Gone: null,
  Labels: { "com.example/app": "shop", tier: "web" },
  List: [1, 2],
  Nets: [
    { S: "a", In: { z: { N: 1 }, b: { N: 2 } } },
    { S: "c", In: {} },
  ],
};

describe("templates", () => {
  test.each([
    ["", ""],
    ["plain", "plain"],
    ["{{.Name}}", "blue"],
    ["{{ .Name }}: {{.Vni}}", "blue: 4096"],
    ["{{.Internal}}{{.Gone}}", "false"],
    ["{{.Labels.tier}}", "web"],
    ['{{index .Labels "com.example/app"}}', "shop"],
    ['{{index .Labels "none"}}.', "."],
    ['{{index . "Labels" "tier"}}', "web"],
    ["{{json .Labels}}", '{"com.example/app":"shop","tier":"web"}'],
    ["{{json .Name}}", '"blue"'],
    ["{{.List}}", "[1,2]"],
    ["{{json .}}", JSON.stringify(VALUE)],
    ["{{range .List}}<{{.}}>{{end}}", "<1><2>"],
    ["{{range .Labels}}{{.}} {{end}}.", "shop web ."],
    ["{{range .Nets}}{{.S}}:{{range .In}}{{.N}},{{end}};{{end}}{{.Vni}}", "a:2,1,;c:;4096"],
    ["{{range .Gone}}x{{end}}", ""],
    ["a\\tb\\nc\\\\d", "a\tb\nc\\d"],
    ["}}", "}}"],
  ])("%j", (text, shown) => {
    expect(compile(text)(VALUE)).toBe(shown);
  });

  test.each([
    ["{{.Name", "a {{ is not closed"],
    ["{{if .List}}x", '{{if .List}}: only {{.Field}}, {{json .Field}}, {{index .Field "key"}} and {{range .Field}}…{{end}} are known here'],
    ["{{range $k, $v := .List}}x{{end}}", "{{range $k, $v := .List}}: only"],
    ["{{range .List}}x", "a {{range}} has no {{end}}"],
    ["{{range .List}}{{.", "a {{ is not closed"],
    ["x{{end}}", "{{end}} ends no {{range}}"],
    ["{{}}", "{{}}: only"],
    ["{{Name}}", "{{Name}}: only"],
    ["{{.Name | upper}}", "only"],
    ["{{index .Labels tier}}", "only"],
  ])("%j is refused before anything is asked", (text, message) => {
    expect(() => compile(text)).toThrow(ValueError);
    expect(() => compile(text)).toThrow(message);
  });

  test.each([
    ["{{.Nmae}}", "--format: there is no field .Nmae here (there are: Name, Vni, Internal, Gone, Labels, List, Nets)"],
    ["{{.Labels.app}}", "--format: there is no field .app here (there are: com.example/app, tier)"],
    ["{{.Name.length}}", "--format: there is no field .length here"],
    ["{{range .Name}}x{{end}}", "--format: {{range .Name}}: it is one value, not many"],
    ["{{range .Nets}}{{.T}}{{end}}", "--format: there is no field .T here (there are: S, In)"],
    ["{{.constructor}}", "there is no field .constructor here"],
  ])("%j asks for what is not there", (text, message) => {
    expect(() => compile(text)(VALUE)).toThrow(UsageError);
    expect(() => compile(text)(VALUE)).toThrow(message);
  });
});
