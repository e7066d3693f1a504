// The help that fits one screen. Only what exists is printed.
export const GLOBAL_HELP = `stateseal records every change of Terraform state, and proves the record was not altered.

Look          diff <old> <new>        compare two state files
              show <n|id|file>        one change or record in full; or a state file, redacted
              log [filters]           changes, newest first            (log --help for all filters)
              state list|show|history|diff   states known to the log; one as it was --at <time>
              source list             what is watched, and what nobody watches (--unwatched)
              status                  recorder, states, backlog, warnings
              open                    address of the page, good once

Record        watch [dir|uri…]        record until stopped             (what the service runs)
              import <dir|uri>        record history that already exists (bucket versions, backups)
              exec -- <command…>      run terraform or tofu and record who, why and what it planned
              shim install            the same for every terraform and tofu of a PATH
              hook <platform> <event> tell of a step of a job              (what the scripts in hooks/ run)
              note <n> <text>         attach an explanation to a record or a gap
              seal                    seal what is open, now
              start                   a guided first run in a temporary folder

Set up        init [dir…]             ask what to watch and where to seal, write stateseal.yaml
              doctor                  look at host, archive and bucket, and say what to mend
              token create <name>     who may use the API
              backend credential …    who may use the HTTP state backend
              archive extend <place>  let the locks of what is sealed end later; hold it
              restore --from <place>  a lost data directory, from its archive

Prove         verify [archive|proof]  integrity and completeness, offline
              monitor <archive>       verify again and again from elsewhere, and alarm
              prove <n>               write an inclusion proof
              secret check            was this value ever in a state?

Global flags  --data-dir, --config, --json (one object per line), --no-color, -q, -v, --version
Exit codes    0 ok   1 verification failed / differences found   2 usage or could not run   3 incomplete (gaps without explanation)
`;
