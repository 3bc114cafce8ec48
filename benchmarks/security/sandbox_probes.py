"""What a program in the sandbox tries: each probe is Python code, and what makes it a success.

The code has a dictionary `w` of what there is outside, and what `HEAD` defines. It succeeds where it raises no OSError
and its last line is no False; where a probe has `happened`, where that holds outside afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT, USER = "root", "user"

HEAD = r"""
import ctypes, errno, fcntl, glob, os, resource, shutil, socket, stat, struct, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def call(*given, refused=(errno.EPERM, errno.ENOSYS)):
    'A system call: refused where it is not allowed, whatever else becomes of it.'
    result = libc.syscall(*[ctypes.c_long(g) if isinstance(g, int) else g for g in given])
    if result < 0 and ctypes.get_errno() in refused:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def done(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return True
def j(*parts):
    return os.path.join(*parts)
def put(path, text='x'):
    with open(path, 'w') as f:
        f.write(text)
def get(path):
    with open(path) as f:
        return f.read()
def unshared(*flags):
    return done(libc.unshare(sum(flags)))
NEWNS, NEWUSER, NEWPID, NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
"""


@dataclass(frozen=True)
class Probe:
    """One thing that is to be refused."""

    name: str
    code: str
    happened: Callable[[dict[str, str]], bool] | None = None
    """Whether it came about, seen from outside."""
    proof: tuple[str, ...] = (ROOT, USER)
    """As whom it succeeds where nothing confines it; whoever is not named may not do it anyway."""
    apart: bool = False
    """Whether without a sandbox it is tried in a mount namespace of its own, for it would change the machine."""


def made(*parts: str) -> Callable[[dict[str, str]], bool]:
    return lambda w: Path(w[parts[0]], *parts[1:]).exists()


def changed(*parts: str) -> Callable[[dict[str, str]], bool]:
    """Whether a file is not what it was: all hold `secret-TOKEN`."""
    return lambda w: not _is_as_it_was(Path(w[parts[0]], *parts[1:]), w["token"])


def _is_as_it_was(path: Path, token: str) -> bool:
    try:
        return path.is_file() and not path.is_symlink() and path.read_text() == f"secret-{token}\n"
    except OSError:
        return False


PROBES = (
    # files outside
    Probe("make a file outside", "put(j(w['outside'], 'made'))", made("outside", "made")),
    Probe("make a folder outside", "os.mkdir(j(w['outside'], 'folder'))", made("outside", "folder")),
    Probe("change a file outside", "put(j(w['outside'], 'b'))", changed("outside", "b")),
    Probe("append to a file outside", "open(j(w['outside'], 'c'), 'a').write('x')", changed("outside", "c")),
    Probe("truncate a file outside", "os.truncate(j(w['outside'], 'd'), 0)", changed("outside", "d")),
    Probe("delete a file outside", "os.unlink(j(w['outside'], 'e'))", changed("outside", "e")),
    Probe("change a mode outside", "os.chmod(j(w['outside'], 'secret'), 0o640)"),
    Probe("change times outside", "os.utime(j(w['outside'], 'secret'), (1, 1))"),
    Probe("set an attribute outside", "os.setxattr(j(w['outside'], 'secret'), 'user.x', b'1')"),
    Probe("read a file outside", "w['token'] in get(j(w['outside'], 'secret'))"),
    Probe("list a folder outside", "'secret' in os.listdir(w['outside'])"),
    Probe("read a key in ~/.ssh", "w['token'] in get(j(w['home'], '.ssh/id_ed25519'))"),
    Probe("find a file at home", "os.stat(j(w['home'], 'letter'))"),
    Probe("write ~/.bashrc", "put(j(w['home'], '.bashrc'))", made("home", ".bashrc")),
    Probe("write ~/.ssh/authorized_keys", "put(j(w['home'], '.ssh/authorized_keys'))", made("home", ".ssh/authorized_keys")),
    Probe("read Rookery's database", "w['token'] in get(j(w['own'], 'rookery.db'))"),
    Probe("change Rookery's database", "put(j(w['own'], 'plugins.json'))", changed("own", "plugins.json")),
    Probe("make Rookery's settings", "put(j(w['own'], 'config.toml'))", made("own", "config.toml")),
    Probe("read Rookery's database in the workspace", "w['token'] in get(j(w['own_below'], 'rookery.db'))"),
    Probe("make Rookery's rules in the workspace", "put(j(w['own_below'], 'rules.toml'))", made("own_below", "rules.toml")),
    Probe("read a key in the workspace", "w['token'] in get(j(w['workspace'], 'keys/credentials'))"),
    Probe("make a key in the workspace", "os.makedirs(j(w['workspace'], 'keys/more'), exist_ok=True); put(j(w['workspace'], 'keys/more/new'))", made("workspace", "keys/more/new")),
    Probe("write into Rookery's Python", "put(j(w['prefix'], w['token']))", made("prefix_made"), proof=(ROOT,)),
    Probe("write into a folder of the system", "put(j('/usr/share', w['token']))", made("system_made"), proof=(ROOT,)),
    Probe("change the settings of the system", "put(j('/etc', w['token']))", made("etc_made"), proof=(ROOT,)),
    Probe("read /etc/shadow", "get('/etc/shadow')", proof=(ROOT,)),
    Probe("change a file that it may read", "put(j(w['shown'], 'secret'))", changed("shown", "secret")),
    # ways around
    Probe("move a file out", "put(j(w['workspace'], 'm')); os.rename(j(w['workspace'], 'm'), j(w['outside'], 'moved'))", made("outside", "moved")),
    Probe("move a file in", "os.rename(j(w['outside'], 'f'), j(w['workspace'], 'f'))", made("workspace", "f")),
    Probe("link a file in", "os.link(j(w['outside'], 'secret'), j(w['workspace'], 'hard'))", made("workspace", "hard")),
    Probe("read by a link", "os.symlink(j(w['outside'], 'secret'), j(w['workspace'], 'l1')); w['token'] in get(j(w['workspace'], 'l1'))"),
    Probe("write by a link to a folder", "os.symlink(w['outside'], j(w['workspace'], 'l2')); put(j(w['workspace'], 'l2/by-link'))", made("outside", "by-link")),
    Probe("a link that was there", "w['token'] in get(j(w['workspace'], 'planted'))"),
    Probe("go up by ..", "w['token'] in get(j(w['workspace'], '../outside/secret'))"),
    Probe("/proc/self/root", "w['token'] in get('/proc/self/root' + j(w['outside'], 'secret'))"),
    Probe("/proc/self/cwd", "w['token'] in get('/proc/self/cwd/../outside/secret')"),
    Probe("/proc/1/root", "w['token'] in get('/proc/1/root' + j(w['outside'], 'secret'))", proof=()),
    Probe(
        "the root of any process",
        "any(os.access(f'{p}/root' + j(w['outside'], 'secret'), os.R_OK) for p in glob.glob('/proc/[0-9]*'))",
    ),
    Probe("a file that was left open", "any(w['token'] in os.pread(n, 99, 0).decode(errors='replace') for n in range(3, 256) if os.path.exists(f'/proc/self/fd/{n}') and stat.S_ISREG(os.fstat(n).st_mode))"),
    Probe("a folder that was left open", "any(os.open('secret', os.O_RDONLY, dir_fd=n) for n in range(3, 256) if os.path.exists(f'/proc/self/fd/{n}') and stat.S_ISDIR(os.fstat(n).st_mode) and 'outside' in os.readlink(f'/proc/self/fd/{n}'))"),
    Probe("name_to_handle_at", "handle = ctypes.create_string_buffer(136); struct.pack_into('I', handle, 0, 128); done(call(w['nr_name_to_handle'], -100, ctypes.c_char_p(os.fsencode(w['workspace'])), handle, ctypes.byref(ctypes.c_int()), 0))"),
    Probe("mount a disk of its own", "os.makedirs(j(w['workspace'], 'mnt'), exist_ok=True); done(libc.mount(b'none', os.fsencode(j(w['workspace'], 'mnt')), b'tmpfs', 0, None))", proof=(ROOT,), apart=True),
    Probe("bind a folder", "os.makedirs(j(w['workspace'], 'mnt2'), exist_ok=True); done(libc.mount(b'/usr', os.fsencode(j(w['workspace'], 'mnt2')), None, 4096, None))", proof=(ROOT,), apart=True),
    Probe("mount /usr to be written", "done(libc.mount(None, b'/usr', None, 32 | 4096, None))" , proof=(), apart=True),
    Probe("take /proc away", "done(libc.umount2(b'/proc', 2))", proof=(ROOT,), apart=True),
    Probe("the new calls for mounts", "done(call(w['nr_fsopen'], ctypes.c_char_p(b'tmpfs'), 0))", proof=(ROOT,)),
    Probe("open_tree", "done(call(w['nr_open_tree'], -100, ctypes.c_char_p(b'/usr'), 1))", proof=(ROOT,), apart=True),
    Probe("chroot", "os.chroot(w['workspace'])", proof=(ROOT,)),
    Probe("a disk of the machine", "any(open(p, 'rb').read(1) for p in glob.glob('/dev/vd*') + glob.glob('/dev/sd*') + glob.glob('/dev/nvme*n*'))", proof=()),
    Probe("make a device", "os.mknod(j(w['workspace'], 'device'), stat.S_IFCHR | 0o666, os.makedev(1, 5)); os.open(j(w['workspace'], 'device'), os.O_RDONLY)", proof=(ROOT,)),
    Probe("/dev/kmsg", "os.open('/dev/kmsg', os.O_WRONLY)", proof=(ROOT,)),
    Probe("/dev/shm of the machine", "w['token'] in get('/dev/shm/' + w['token'])"),
    Probe("a file in /dev/shm for others", "put('/dev/shm/made-' + w['token'])", made("shm_made")),
    Probe("a file in /tmp for others", "put('/tmp/made-' + w['token'])", made("tmp_made")),
    Probe("a switch of the kernel", "os.open('/proc/sys/kernel/hostname', os.O_WRONLY)", proof=(ROOT,)),
    Probe("a program that others run as this person", "put(j(w['workspace'], 's')); os.chmod(j(w['workspace'], 's'), 0o4755)"),
    Probe("such a program, made so", "os.close(os.open(j(w['workspace'], 's2'), os.O_CREAT | os.O_WRONLY, 0o4755)); os.stat(j(w['workspace'], 's2')).st_mode & 0o4000 != 0"),
    # .git and Rookery's own names
    Probe("change .git/config", "put(j(w['workspace'], '.git/config'))", changed("workspace", ".git/config")),
    Probe("delete .git/config", "os.unlink(j(w['again'], '.git/config'))", changed("again", ".git/config")),
    Probe("make a hook", "put(j(w['workspace'], '.git/hooks/pre-commit'))", made("workspace", ".git/hooks/pre-commit")),
    Probe("make .git/commondir", "put(j(w['workspace'], '.git/commondir'))", made("workspace", ".git/commondir")),
    Probe("move .git aside", "os.rename(j(w['again2'], '.git'), j(w['again2'], 'moved')); os.mkdir(j(w['again2'], '.git'))", made("again2", "moved")),
    Probe("a second name for .git/config", "os.link(j(w['workspace'], '.git/config'), j(w['workspace'], 'c2'))", made("workspace", "c2")),
    Probe("change .rookery/rules.toml", "put(j(w['workspace'], '.rookery/rules.toml'))", changed("workspace", ".rookery/rules.toml")),
    Probe("take .rookery away", "shutil.rmtree(j(w['again'], '.rookery'))", changed("again", ".rookery/rules.toml")),
    Probe("change .vscode/tasks.json", "put(j(w['workspace'], '.vscode/tasks.json'))", changed("workspace", ".vscode/tasks.json")),
    Probe("change .git/config below", "put(j(w['workspace'], 'sub/deep/.git/config'))", changed("workspace", "sub/deep/.git/config")),
    Probe("move a folder with .git aside", "os.rename(j(w['workspace'], 'sub'), j(w['workspace'], 'sub2'))", made("workspace", "sub2")),
    Probe("make .git where there is none", "os.mkdir(j(w['bare'], '.git')); put(j(w['bare'], '.git/config'))", made("bare", ".git/config")),
    Probe("make .git as a file", "put(j(w['bare'], 'g')); os.replace(j(w['bare'], 'g'), j(w['bare2'], '.git'))", made("bare2", ".git")),
    Probe("make .git as a link", "os.symlink(w['bare'], j(w['bare3'], '.git'))", made("bare3", ".git")),
    Probe("make .rookery where there is none", "os.mkdir(j(w['bare'], '.rookery')); put(j(w['bare'], '.rookery/rules.toml'))", made("bare", ".rookery/rules.toml")),
    Probe("make .vscode where there is none", "os.mkdir(j(w['bare'], '.vscode')); put(j(w['bare'], '.vscode/tasks.json'))", made("bare", ".vscode/tasks.json")),
    # other processes
    Probe("see another process", "os.stat(f\"/proc/{w['victim']}\")"),
    Probe("signal another process", "os.kill(int(w['victim']), 0)"),
    Probe("signal every process", "os.kill(-1, 0)", proof=(ROOT, USER)),
    Probe("signal by pidfd", "import signal; signal.pidfd_send_signal(os.pidfd_open(int(w['victim'])), 0)"),
    Probe("watch another process", "done(call(w['nr_ptrace'], 0x4206, int(w['victim']), 0, 0))"),
    Probe("let itself be watched", "done(call(w['nr_ptrace'], 0, 0, 0, 0))"),
    Probe("read the memory of a process", "b = ctypes.create_string_buffer(b'abc', 8); v = struct.pack('=QQ', ctypes.addressof(b), 8); done(call(w['nr_vm_readv'], os.getpid(), ctypes.c_char_p(v), 1, ctypes.c_char_p(v), 1, 0))"),
    Probe("open the memory of another process", "os.open(f\"/proc/{w['victim']}/mem\", os.O_RDONLY)"),
    Probe("read the environment of others", "w['token'] in get(f\"/proc/{w['victim']}/environ\")"),
    Probe("set a limit of another process", "resource.prlimit(int(w['victim']), resource.RLIMIT_NOFILE)"),
    Probe("slow another process down", "os.setpriority(os.PRIO_PROCESS, int(w['victim']), os.getpriority(os.PRIO_PROCESS, int(w['victim'])))"),
    Probe("a secret of the environment", "any(w['token'] in v for k, v in os.environ.items() if k == 'SECRET_TOKEN')"),
    Probe("a user namespace", "unshared(NEWUSER)"),
    Probe("a network namespace", "unshared(NEWNET)", proof=(ROOT,)),
    Probe("a user namespace by clone", "pid = done and libc.syscall(w['nr_clone'], NEWUSER | 17, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\ndone(pid)\nos.waitpid(pid, 0)"),
    Probe("a user namespace by clone3", "a = struct.pack('=QQQQQQQQ', NEWUSER, 0, 0, 0, 17, 0, 0, 0)\npid = libc.syscall(w['nr_clone3'], ctypes.c_char_p(a), 64)\nif pid == 0: os._exit(0)\ndone(pid)\nos.waitpid(pid, 0)"),
    Probe("the namespace of another process", "done(libc.setns(os.open(f\"/proc/{w['victim']}/ns/net\", os.O_RDONLY), 0))", proof=(ROOT,)),
    Probe("rights of root", "int(next(l for l in get('/proc/self/status').splitlines() if l.startswith('CapEff')).split()[1], 16) != 0", proof=(ROOT,)),
    Probe("rights by a program that is set to", "'NoNewPrivs:\\t0' in get('/proc/self/status')"),
    Probe("become somebody else", "os.setuid(12345)", proof=(ROOT,)),
    Probe("give a file away", "put(j(w['workspace'], 'o')); os.chown(j(w['workspace'], 'o'), 12345, -1)", proof=(ROOT,)),
    # the network
    Probe("TCP", "socket.create_connection(('127.0.0.1', int(w['port'])), 2)"),
    Probe("UDP", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(w['port'])))"),
    Probe("listen", "s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()"),
    Probe("IPv6", "socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)"),
    Probe("a name", "socket.getaddrinfo('127.0.0.1', int(w['port'])) and socket.socket(socket.AF_INET)"),
    Probe("raw", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", proof=(ROOT,)),
    Probe("packets", "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", proof=(ROOT,)),
    Probe("netlink", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).bind((0, 0))"),
    Probe("virtual machine sockets", "socket.socket(40, socket.SOCK_STREAM)", proof=()),
    Probe("an abstract unix socket", "s = socket.socket(socket.AF_UNIX); s.connect('\\0' + w['token'])"),
    Probe("a unix socket outside", "s = socket.socket(socket.AF_UNIX); s.connect(j(w['outside'], 'listens'))"),
    Probe("io_uring", "done(call(w['nr_io_uring'], 2, ctypes.create_string_buffer(256)))"),
    # the kernel
    Probe("a key for the kernel", "done(call(w['nr_add_key'], ctypes.c_char_p(b'user'), ctypes.c_char_p(b'x'), ctypes.c_char_p(b'y'), 1, -2))"),
    Probe("keyctl", "call(w['nr_keyctl'], 0, -3, 0, 0, 0)"),
    Probe("userfaultfd", "done(call(w['nr_userfaultfd'], 1))"),
    Probe("bpf", "call(w['nr_bpf'], 0, ctypes.create_string_buffer(struct.pack('=IIII', 2, 4, 4, 1), 128), 128)", proof=(ROOT,)),
    Probe("performance counters", "call(w['nr_perf'], ctypes.create_string_buffer(struct.pack('=IIQ', 1, 120, 0), 120), 0, -1, -1, 0)"),
    Probe("the kernel's log", "done(call(w['nr_syslog'], 10, 0, 0))", proof=(ROOT,)),
    Probe("a module of the kernel", "call(w['nr_delete_module'], ctypes.c_char_p(b'no_such_module'), 0)", proof=()),
    Probe("swap", "call(w['nr_swapon'], ctypes.c_char_p(b'/no-such-file'), 0)", proof=(ROOT,)),
    Probe("fanotify", "done(call(w['nr_fanotify'], 0, 0))", proof=(ROOT,)),
    Probe("the name of the machine", "socket.sethostname(socket.gethostname())", proof=(ROOT,)),
    Probe("calls by another table", "import mmap; m = mmap.mmap(-1, 64, prot=7); m.write(bytes.fromhex('53b814000000cd805bc3')); ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))() == os.getpid()"),
    # the terminal
    Probe("type into a terminal", "a, b = os.openpty(); os.setsid() if os.getsid(0) != os.getpid() else None; fcntl.ioctl(b, 0x540E, 0); fcntl.ioctl(b, 0x5412, b'x')"),
    Probe("paste into a console", "a, b = os.openpty()\ntry: fcntl.ioctl(b, 0x541C, b'\\2')\nexcept OSError as e:\n    if e.errno == errno.EPERM: raise"),
    Probe("write to the person's terminal", "put(w['terminal'], 'x')"),
)  # fmt: skip

_FILE = "p = j(w['workspace'], 'file')"
_TO = "j(w['workspace'], 'datagrams')"
READING = (
    # what is in the workspace
    Probe("make a file", "put(j(w['workspace'], 'made'))", made("workspace", "made")),
    Probe("make a folder", "os.mkdir(j(w['workspace'], 'made'))", made("workspace", "made")),
    Probe("make a link", "os.symlink('file', j(w['workspace'], 'made'))", made("workspace", "made")),
    Probe("a second name", f"{_FILE}; os.link(p, p + '2')", made("workspace", "file2")),
    Probe("make a pipe", "os.mkfifo(j(w['workspace'], 'made'))", made("workspace", "made")),
    Probe("a file without a name", "os.write(os.open(w['workspace'], os.O_TMPFILE | os.O_RDWR), b'x')"),
    Probe("write a file", f"{_FILE}; put(p)"),
    Probe("append to a file", f"{_FILE}; open(p, 'a').write('x')"),
    Probe("empty a file", f"{_FILE}; os.truncate(p, 0)"),
    Probe("empty a file that is opened to be read", f"{_FILE}; os.open(p, os.O_RDONLY | os.O_TRUNC); os.stat(p).st_size == 0"),
    Probe("open a file to be read and written", f"{_FILE}; os.open(p, os.O_RDWR)"),
    Probe("open it again by /proc", f"{_FILE}; n = os.open(p, os.O_RDONLY); os.open(f'/proc/self/fd/{{n}}', os.O_WRONLY)"),
    Probe("write a file by its memory", f"import mmap; {_FILE}; n = os.open(p, os.O_RDONLY); mmap.mmap(n, 4, mmap.MAP_SHARED, mmap.PROT_WRITE)", proof=()),
    Probe("a file that was left open to be written", "any(os.pwrite(n, b'x', 0) for n in range(3, 256) if os.path.exists(f'/proc/self/fd/{n}') and stat.S_ISREG(os.fstat(n).st_mode) and fcntl.fcntl(n, 3) & 2)"),
    Probe("delete a file", f"{_FILE}; os.unlink(p)"),
    Probe("delete a folder", "os.rmdir(j(w['workspace'], 'folder'))"),
    Probe("move a file", f"{_FILE}; os.rename(p, p + '2')"),
    Probe("exchange two files", "done(call(w['nr_renameat2'], -100, ctypes.c_char_p(os.fsencode(j(w['workspace'], 'file'))), -100, ctypes.c_char_p(os.fsencode(j(w['workspace'], 'folder'))), 2, refused=(errno.EROFS, errno.EPERM, errno.EACCES)))"),
    Probe("set a mode", f"{_FILE}; os.chmod(p, 0o600)"),
    Probe("set an owner", f"{_FILE}; os.chown(p, os.getuid(), os.getgid())"),
    Probe("set the times", f"{_FILE}; os.utime(p, (1, 1))"),
    Probe("set the times by its number", f"{_FILE}; os.utime(os.open(p, os.O_RDONLY), (1, 1))"),
    Probe("set a mode by its number", f"{_FILE}; os.fchmod(os.open(p, os.O_RDONLY), 0o600)"),
    Probe("set an attribute", f"{_FILE}; os.setxattr(p, 'user.x', b'1')"),
    Probe("mount it to be written", "done(libc.mount(None, os.fsencode(w['workspace']), None, 32 | 4096, None))", proof=(), apart=True),
    Probe("a disk that is mounted in it", "put(j(w['workspace'], 'disk', 'made'))", proof=(ROOT,)),
    Probe("make whoever writes a file wait", "fcntl.fcntl(os.open(j(w['workspace'], 'sub/deep/.git/config'), os.O_RDONLY), 1024, fcntl.F_RDLCK)"),
    # who listens there
    Probe("a pipe", "os.write(os.open(j(w['workspace'], 'pipe'), os.O_WRONLY | os.O_NONBLOCK), b'x')"),
    Probe("a pipe both ways", "os.write(os.open(j(w['workspace'], 'pipe'), os.O_RDWR | os.O_NONBLOCK), b'x')"),
    Probe("a device", "os.open(j(w['workspace'], 'null'), os.O_RDONLY)", proof=(ROOT,)),
    Probe("a socket", "socket.socket(socket.AF_UNIX).connect(j(w['workspace'], 'stream'))"),
    Probe("a socket for datagrams", f"socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', {_TO})"),
    Probe("one of a pair, connected anew", f"a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.connect({_TO}); a.send(b'x')"),
    Probe("one of a pair, sent elsewhere", f"a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.sendto(b'x', {_TO})"),
    Probe("one of a pair of packets, connected anew", "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET); b.close(); a.connect(j(w['workspace'], 'stream'))", proof=()),
    Probe("one of a pair of streams, connected anew", "a, b = socket.socketpair(); b.close(); a.connect(j(w['workspace'], 'stream'))", proof=()),
    Probe("listen at a file", "s = socket.socket(socket.AF_UNIX); os.chdir(w['workspace']); s.bind('made'); s.listen()", made("workspace", "made")),
    Probe("listen at a name", "s = socket.socket(socket.AF_UNIX); s.bind('\\0' + w['token'] + 'x'); s.listen()"),
    # whoever is told of what it does
    Probe("the memory of who is told", "os.open('/proc/1/mem', os.O_RDONLY)", proof=()),
    Probe("what who is told has open", "[os.open(f'/proc/1/fd/{n}', os.O_RDONLY) for n in range(64) if os.path.lexists(f'/proc/1/fd/{n}')] != []", proof=()),
)  # fmt: skip
"""What is tried besides where nothing is to be changed: the workspace itself, and who can be reached by what lies in it."""
