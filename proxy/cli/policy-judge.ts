// `gatehouse policy` with the checkpoint's own judging behind `policy test`.
import { BundleJudge } from '../checkpoint/postgres/bundle-judge.ts';
import type { Command } from './command.ts';
import { policyCommand } from './policy.ts';

export const policyWithJudge: Command = async (args, context) => {
  await using judge = new BundleJudge();
  return await policyCommand(args, { ...context, judge: judge.judge });
};
