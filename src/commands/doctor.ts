import * as Flags from '@oclif/core/flags';
import type { Check } from '../provision/doctor/check.ts';
import type { DoctorOptions } from '../provision/doctor/subject.ts';
import { PERSONAS, type Persona } from '../provision/iam/personas.ts';
import type { Policy } from '../provision/iam/policy.ts';
import { checkStackName } from '../stack/spec.ts';
import { palette } from '../terminal/colours.ts';
import { awsFlags, RekbackCommand } from '../terminal/command.ts';
import { formatCount } from '../terminal/format.ts';
import { sanitise } from '../terminal/sanitise.ts';

type Result =
  | { checks: Check[] }
  /** `managed`: the same rights as policies that are short enough to be managed ones. */
  | { persona: Persona; policy: Policy; managed: Policy[] };

/** What IAM takes as one managed policy, white space not counted. */
const MANAGED_CHARACTERS = 6144;

export default class Doctor extends RekbackCommand<Result> {
  static override summary = 'Look for what a stack on AWS could fail on: rights, quotas, the bucket.';
  static override description =
    'Changes nothing. What can not be looked at is a warning. With --print-policy it prints what somebody needs who ' +
    'searches (viewer), runs backfills (operator), or sets up and tears down (admin).';
  static override examples = [
    '<%= config.bin %> doctor --bucket my-photos',
    '<%= config.bin %> doctor --print-policy operator --stack photos > policy.json',
  ];
  static override flags = {
    bucket: Flags.string({ helpValue: 'BUCKET', summary: 'The bucket of the images.' }),
    stack: Flags.string({
      helpValue: 'NAME',
      summary: 'Look at the rights for this stack only, set up or not.',
      env: 'REKBACK_STACK',
    }),
    'print-policy': Flags.option({
      options: PERSONAS,
      helpValue: 'WHO',
      summary: 'Print the IAM policy that somebody needs, and look at nothing.',
    })(),
    ...awsFlags,
  };

  async run(): Promise<Result> {
    const { flags } = await this.parse(Doctor);
    const { region, profile, stack, bucket, 'print-policy': persona } = flags;
    if (stack !== undefined) checkStackName(stack);
    if (persona !== undefined) return this.printPolicy(persona, { region, profile, stack, bucket });
    const { doctor } = await import('../provision/doctor.ts');
    const checks = await doctor({ region, profile, stack, bucket });
    const { good, bad, notice } = palette(process.stdout);
    const marks = { ok: good('ok     '), warning: notice('warning'), problem: bad('problem') };
    for (const { name, state, message, suggestions } of checks) {
      this.print(`${marks[state]} ${name}: ${sanitise(message)}`);
      if (state !== 'ok') for (const text of suggestions) this.print(`        ${sanitise(text)}`);
    }
    if (checks.some(({ state }) => state === 'problem')) this.exitWith(1);
    return { checks };
  }

  private async printPolicy(persona: Persona, options: DoctorOptions): Promise<Result> {
    const { policyFor } = await import('../provision/doctor/print-policy.ts');
    const { policy, managed, bucket } = await policyFor(persona, options);
    this.print(JSON.stringify(policy, null, 2));
    if (bucket === undefined) this.note('It is about every bucket: name that of the images with --bucket.');
    const length = JSON.stringify(policy).length;
    if (length > MANAGED_CHARACTERS) {
      this.note(
        `These are ${formatCount(length)} characters: too many for one managed policy. Put it into a role as an inline ` +
          `policy, or attach the ${managed.length} managed ones that --json lists.`,
      );
    }
    return { persona, policy, managed };
  }
}
