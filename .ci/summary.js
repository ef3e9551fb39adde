// Prints what failed and, as the last line, "N passed, N failed"; exit code 1 unless everything passed.
// Arguments: vitest's JSON report, then the names of the other steps that failed.
import { readFileSync } from 'node:fs';

const [reportFile, ...brokenSteps] = process.argv.slice(2);

/** The report, or one that says that there is none: a runner that crashed must not look like a pass. */
function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    brokenSteps.push('npm cit (no report)');
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] };
  }
}

const report = readReport();
// A file that can't even be loaded has no failed tests, and would otherwise go unseen.
const brokenFiles = report.testResults
  .filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  .map((file) => file.name);
const broken = [...brokenSteps, ...brokenFiles];
const failed = report.numFailedTests + broken.length;

if (broken.length > 0)
  console.log(`failed outside of tests:\n${broken.map((name) => `  ${name}`).join('\n')}`);
if (report.numPendingTests > 0) console.log(`${report.numPendingTests} skipped`);
console.log(`${report.numPassedTests} passed, ${failed} failed`);
process.exitCode = failed === 0 && report.numPassedTests > 0 ? 0 : 1;
