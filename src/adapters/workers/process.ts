import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Holder } from '../../runtime/run/lease.ts';

/** This process as the holder of a lease. */
export function thisHolder(what: string): Holder {
  return {
    id: randomUUID(),
    what,
    user: userName(),
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid) ?? '',
    since: new Date().toISOString(),
  };
}

/** Whether the holder's process still runs; `undefined` when it was on another machine. */
export function isAlive(holder: Holder): boolean | undefined {
  if (holder.host !== hostname()) return undefined;
  return startOf(holder.pid) === holder.started;
}

/**
 * When a process began, in the system's own words: pids are used again, also after a restart of the machine.
 * Undefined when there is no such process.
 */
function startOf(pid: number): string | undefined {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The second field is the command in parentheses and may hold anything; the third is the state, the 22nd the
      // start in ticks since boot (proc(5)). A zombie has ended.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19]}`;
    } catch {
      return undefined;
    }
  }
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user id that has no name.
    return `uid ${process.getuid?.() ?? '?'}`;
  }
}
