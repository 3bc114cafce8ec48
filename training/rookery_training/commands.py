"""Commands for the shell, as somebody types them."""

from __future__ import annotations

FILE = "<file txt md csv log>"
READING = tuple(
    line.replace("FILE", FILE)
    for line in (
        "wc -l FILE",
        "wc -l FILE",
        "wc -w FILE",
        "wc -c FILE",
        "wc FILE",
        "cat FILE",
        "cat FILE | wc -l",
        "head -n 1 FILE",
        "head -n 2 FILE",
        "head -3 FILE",
        "head FILE",
        "tail -n 1 FILE",
        "tail -n 2 FILE",
        "tail -2 FILE",
        "tail FILE",
        "sort FILE",
        "sort -r FILE",
        "sort FILE | head -n 1",
        "sort FILE | uniq",
        "nl FILE",
        "tac FILE",
        "cut -d ' ' -f 1 FILE",
        "grep -c e FILE",
        "grep -n an FILE",
        "grep -i the FILE",
        "grep <month> FILE",
        "ls",
        "ls",
        "ls -1",
        "ls -a",
        "ls -l",
        "ls -la",
        "ls <folder>",
        "ls -l <folder>",
        "ls <folder> | wc -l",
        "ls | wc -l",
        "ls *.txt",
        "find . -type f",
        "find . -name '*.md'",
        "find <folder> -type f | wc -l",
        "find . -type f | wc -l",
        "du -sh <folder>",
        "du -b FILE",
        "stat -c %s FILE",
        "md5sum FILE",
        "sha256sum FILE",
        "basename <path>",
        "dirname <path>",
        "echo <id>",
        'echo "<month>"',
        "seq <integer 2 9>",
        "seq 1 <integer 3 8>",
        "expr <integer 3 90> + <integer 3 90>",
        "echo $((<integer 3 90> * <integer 3 90>))",
        "date -d 2026-0<integer 1 9>-1<integer 0 9> +%A",
        "test -f FILE && echo yes || echo no",
        "test -d <folder> && echo there || echo missing",
        "rev FILE",
        "cat FILE | tr a-z A-Z",
        "sed -n 2p FILE",
        "awk '{print $1}' FILE",
        "git log --oneline -n <integer 2 3>",
        "git log --oneline -<integer 1 3>",
        "git log -1 --format=%s",
        "git status --short",
        "git branch",
        "git rev-parse --short HEAD",
    )
)
"""Those that tell something; places in <> are kinds of values."""
_PROJECT = """
make test|make build|npm run lint|python scripts/sync.py|./build.sh|pytest -q|cargo build|npm install
python manage.py migrate|./deploy.sh staging|go test ./...|make clean|ruff check .|terraform plan|bundle install
python train.py --epochs 3|node server.js --check|./run.sh --dry-run|mvn package|python -m compileall src|npm test
composer update|bash scripts/backup.sh|php artisan migrate|tox -e py311|black src|git fetch --all|docker compose build
poetry lock|python report.py --month 5|rsync -a src/ backup/|gradle assemble|make docs|python clean.py data
sh setup.sh|rake db:seed|yarn build|python -m unittest|cmake --build build|./check_links.sh
"""
PROJECT = tuple(command for line in _PROJECT.split("\n") for command in line.split("|") if command)
"""Those that work on something, and say at most that it is done."""
