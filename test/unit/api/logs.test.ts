import { describe, expect, test } from "vitest";
import { logsRequest } from "../../../host/api/logs.ts";
import { UsageError } from "../../../host/model/errors.ts";

describe("a request for a log", () => {
  test.each([
    ["/v1/containers/web/logs", { reference: "web", follow: false, tail: null }],
    ["/v1/containers/web/logs?follow=1&tail=10", { reference: "web", follow: true, tail: 10 }],
    ["/v1/containers/web/logs?follow=0&tail=all", { reference: "web", follow: false, tail: null }],
    ["/v1/containers/a%2Fb%20c/logs?tail=0", { reference: "a/b c", follow: false, tail: 0 }],
  ])("%s", (target, asked) => {
    expect(logsRequest(target)).toEqual(asked);
  });

  test.each(["/v1/fdb", "/v1/containers/logs", "/v1/containers/a/b/logs", "/v1/containers//logs"])("%s is none", (target) => {
    expect(logsRequest(target)).toBeNull();
  });

  test.each([
    ["/v1/containers/web/logs?since=1", '/v1/containers/web/logs has no parameter "since"'],
    ["/v1/containers/web/logs?constructor=1", '/v1/containers/web/logs has no parameter "constructor"'],
    ["/v1/containers/web/logs?tail=-1", "tail=-1: expected follow=0 or 1, tail=all or a number of lines"],
    ["/v1/containers/web/logs?tail=99999999999", "tail=99999999999: expected"],
    ["/v1/containers/web/logs?follow=yes", "follow=yes: expected"],
    ["/v1/containers/%ff/logs", '"%ff" is not the name of a container'],
  ])("%s is refused", (target, message) => {
    expect(() => logsRequest(target)).toThrow(UsageError);
    expect(() => logsRequest(target)).toThrow(message);
  });
});
