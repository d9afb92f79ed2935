import { describe, expect, test } from "vitest";
import { compile } from "../../../host/cli/template.ts";
import { UsageError, ValueError } from "../../../host/model/errors.ts";

const VALUE = { Name: "blue", Vni: 4096, Internal: false, Gone: null, Labels: { "com.example/app": "shop", tier: "web" }, List: [1, 2] };

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
    ["a\\tb\\nc\\\\d", "a\tb\nc\\d"],
    ["}}", "}}"],
  ])("%j", (text, shown) => {
    expect(compile(text)(VALUE)).toBe(shown);
  });

  test.each([
    ["{{.Name", "a {{ is not closed"],
    ["{{range .List}}x{{end}}", '{{range .List}}: only {{.Field}}, {{json .Field}} and {{index .Field "key"}} are known here'],
    ["{{}}", "{{}}: only"],
    ["{{Name}}", "{{Name}}: only"],
    ["{{.Name | upper}}", "only"],
    ["{{index .Labels tier}}", "only"],
  ])("%j is refused before anything is asked", (text, message) => {
    expect(() => compile(text)).toThrow(ValueError);
    expect(() => compile(text)).toThrow(message);
  });

  test.each([
    ["{{.Nmae}}", "--format: there is no field .Nmae here (there are: Name, Vni, Internal, Gone, Labels, List)"],
    ["{{.Labels.app}}", "--format: there is no field .app here (there are: com.example/app, tier)"],
    ["{{.Name.length}}", "--format: there is no field .length here"],
    ["{{.constructor}}", "there is no field .constructor here"],
  ])("%j asks for what is not there", (text, message) => {
    expect(() => compile(text)(VALUE)).toThrow(UsageError);
    expect(() => compile(text)(VALUE)).toThrow(message);
  });
});
