/* LD_PRELOAD, so that vm and vgetty can be pointed at a pty and at files of their own:
 *  - a pty has no modem-control lines: DSR, DCD and CTS are told as on; what the program sets is forgotten;
 *  - paths that begin as in `moved` are looked for below $PRIVATE_FILES.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static const char *const moved[] = {"/etc/mgetty/", "/etc/nologin.", "/var/lock/", "/var/log/",
                                    "/var/run",     "/var/spool/"};

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const char *private_path(const char *path, char *room)
{
    const char *root = getenv("PRIVATE_FILES");

    for (size_t n = 0; root != 0 && n < sizeof moved / sizeof *moved; n++)
        if (strncmp(path, moved[n], strlen(moved[n])) == 0 && strlen(root) + strlen(path) < PATH_MAX)
            return strcat(strcpy(room, root), path);
    return path;
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (request == TIOCMGET && isatty(fd)) {
        *(int *)argument = TIOCM_DTR | TIOCM_RTS | TIOCM_CTS | TIOCM_CAR | TIOCM_DSR;
        return 0;
    }
    if ((request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC) && isatty(fd))
        return 0;
    return REAL(ioctl)(fd, request, argument);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    char room[PATH_MAX];

    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return REAL(open)(private_path(path, room), flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    char room[PATH_MAX];

    return REAL(fopen)(private_path(path, room), mode);
}

int mkstemp(char *pattern)
{
    char room[PATH_MAX];
    const char *used = private_path(pattern, room);
    int fd = REAL(mkstemp)((char *)used);

    if (used != pattern) /* the caller goes on with the name it gave */
        memcpy(pattern, used + strlen(used) - strlen(pattern), strlen(pattern));
    return fd;
}

int stat(const char *path, struct stat *found)
{
    char room[PATH_MAX];

    return REAL(stat)(private_path(path, room), found);
}

int statfs(const char *path, struct statfs *found)
{
    char room[PATH_MAX];

    return REAL(statfs)(private_path(path, room), found);
}

int access(const char *path, int mode)
{
    char room[PATH_MAX];

    return REAL(access)(private_path(path, room), mode);
}

int link(const char *from, const char *to)
{
    char room[PATH_MAX], other[PATH_MAX];

    return REAL(link)(private_path(from, room), private_path(to, other));
}

int unlink(const char *path)
{
    char room[PATH_MAX];

    return REAL(unlink)(private_path(path, room));
}

int chmod(const char *path, mode_t mode)
{
    char room[PATH_MAX];

    return REAL(chmod)(private_path(path, room), mode);
}

int chown(const char *path, uid_t user, gid_t group)
{
    char room[PATH_MAX];

    return REAL(chown)(private_path(path, room), user, group);
}
