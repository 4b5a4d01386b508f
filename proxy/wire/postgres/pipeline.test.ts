import { expect, test } from 'vitest';
import { EXPECT, Pipeline } from './pipeline.ts';
import type { Expect } from './pipeline.ts';

function filled(...kinds: readonly Expect[]): Pipeline {
  const pipeline = new Pipeline();
  for (const kind of kinds) pipeline.push(kind);
  return pipeline;
}

function kinds(pipeline: Pipeline): Expect[] {
  return [...pipeline.entries()].map((entry) => entry.kind);
}

const { query, parse, bind, execute, sync, copyEnd, close } = EXPECT;

test('answers are owed in the order of the messages, however many', () => {
  const pipeline = new Pipeline();
  for (let round = 0; round < 5; round++) {
    for (let index = 0; index < 100; index++) pipeline.push(parse).name = String(index);
    for (let index = 0; index < 100; index++) {
      expect(pipeline.head()?.name).toBe(String(index));
      pipeline.shift();
    }
  }
  expect(pipeline.head()).toBeUndefined();
});

test('a failure takes back all up to Sync, newest first', () => {
  const pipeline = filled(parse, bind, execute, sync, parse);
  const undone: [Expect, boolean][] = [];
  expect(pipeline.failHead((entry, failed) => undone.push([entry.kind, failed]))).toBe(true);
  expect(undone).toEqual([
    [execute, false],
    [bind, false],
    [parse, true],
  ]);
  expect(kinds(pipeline)).toEqual([sync, parse]);
  expect(filled(parse, bind).failHead(() => undefined)).toBe(false);
});

test('barriers and segments are counted while they are owed', () => {
  const pipeline = filled(execute, sync, query);
  pipeline.push(execute).barrier = true;
  pipeline.barriers++;
  expect([pipeline.barriers, pipeline.segments]).toEqual([1, 2]);
  pipeline.failHead(() => undefined);
  pipeline.shift();
  expect([pipeline.barriers, pipeline.segments]).toEqual([1, 1]);
  pipeline.failHead(() => undefined);
  expect([pipeline.barriers, pipeline.segments, pipeline.size]).toEqual([0, 0, 0]);
});

test('a server that reads COPY data ignores Syncs up to the data’s end', () => {
  const pipeline = filled(execute, sync, copyEnd, sync, query);
  expect(pipeline.copyInStarted()).toBe(true);
  expect(kinds(pipeline)).toEqual([execute, copyEnd, sync, query]);
  expect(pipeline.segments).toBe(2);
  expect(pipeline.copyEnded).toBe(true);
  expect(pipeline.copyInCompleted()).toBe(true);
  expect(kinds(pipeline)).toEqual([execute, sync, query]);
});

test('COPY data that has not ended, and other messages in its midst', () => {
  const open = filled(query, sync);
  expect(open.copyInStarted()).toBe(true);
  expect(open.copyEnded).toBe(false);
  expect(open.copyInCompleted()).toBe(false);
  expect(filled(query, parse).copyInStarted()).toBe(false);
  expect(filled(query, sync, parse, copyEnd).copyInStarted()).toBe(false);
});

test('the end of COPY data that the server ignored owes nothing', () => {
  const pipeline = filled(copyEnd, copyEnd, sync);
  expect(pipeline.head()?.kind).toBe(sync);
  expect(pipeline.size).toBe(1);
});

test('the later change of a name is found in its own namespace only', () => {
  const pipeline = new Pipeline();
  const first = pipeline.push(parse);
  first.name = 'a';
  const portal = pipeline.push(bind);
  portal.name = 'a';
  const closed = pipeline.push(close);
  closed.name = 'a';
  expect(pipeline.laterChange(first)).toBe(closed);
  expect(pipeline.laterChange(portal)).toBeUndefined();
});
