#!/usr/bin/env bash
# GitHub self-hosted runner, ACTIONS_RUNNER_HOOK_JOB_COMPLETED: tells the recorder that a job is over. The runner does not
# say how it ended. Never fails the job, never takes over 2 seconds.
set -u

"${BASH_SOURCE[0]%/*}/tell.sh" github job-finished
exit 0
