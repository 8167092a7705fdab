import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCanonical } from "../dist/json.js";

const parse = (text) => parseCanonical(text, ["tensors"]);

test("what Python's json.dumps writes is read", () => {
  for (const [text, value] of [
    ["{}", {}],
    [
      '{"a":[1,-2,0],"b":{"":null,"x":[true,false]}}',
      { a: [1, -2, 0], b: { "": null, x: [true, false] } },
    ],
    ['{"a":1.0}', { a: 1 }],
    ['{"a":-0.0}', { a: -0 }],
    ['{"a":1e+16}', { a: 1e16 }],
    ['{"a":1234567890123456.0}', { a: 1234567890123456 }],
    ['{"a":1e-05}', { a: 1e-5 }],
    ['{"a":0.0001}', { a: 0.0001 }],
    ['{"a":5e-324}', { a: 5e-324 }],
    ['{"a":1.7976931348623157e+308}', { a: Number.MAX_VALUE }],
    ['{"a":9007199254740993}', { a: 9007199254740993n }],
    ['{"a":"\\"\\\\\\n\\u0001\u007f\u00e9"}', { a: '"\\\n\u0001\u007f\u00e9' }],
    ['{"\uffff":1,"\u{10000}":2}', { "\uffff": 1, "\u{10000}": 2 }],
  ])
    assert.deepEqual(parse(text), value, text);
});

test("any other way to write the same is refused", () => {
  for (const text of [
    "",
    "{} ",
    '{"a": 1}',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{"\u{10000}":2,"\uffff":1}',
    '{"a":01}',
    '{"a":-0}',
    '{"a":1E5}',
    '{"a":1e5}',
    '{"a":1.50}',
    '{"a":1e16}',
    '{"a":0.00001}',
    '{"a":1e999}',
    '{"a":NaN}',
    '{"a":Infinity}',
    '{"a":"\\/"}',
    '{"a":"\\u00e9"}',
    '{"a":"\\u001F"}',
    '{"a":"\\ud800"}',
    '{"a":"\t"}',
    "[1,]",
    "[1 2]",
    `${"[".repeat(17)}${"]".repeat(17)}`,
    `[${"1".repeat(4301)}]`,
  ])
    assert.throws(() => parse(text), undefined, text);
});

test("a fraction where integers are needed is refused", () => {
  assert.throws(() => parse('{"tensors":[1.0]}'), /must be an integer/);
  assert.deepEqual(parse('{"metadata":1.0}'), { metadata: 1 });
});
