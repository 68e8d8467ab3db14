/*
 * Makes a process forget, at a power cut, what it has not synced: cc -shared -fPIC -O2 -o power-cut.so power-cut.c -ldl
 *
 *   LD_PRELOAD=power-cut.so POWER_CUT_ROOT=DIR POWER_CUT_SHADOW=DIR program...
 *
 * fsync and fdatasync of a file below POWER_CUT_ROOT copy what it holds at that moment to POWER_CUT_SHADOW, and write down which names
 * there are; they sync nothing. A file of the shadow is named after the inode (number and time of birth), because files are
 * renamed and removed. Whoever cuts the power kills the process, and builds the directory anew from the shadow.
 *
 *   SHADOW/files/INODE   what was synced of a file
 *   SHADOW/names         lines `INODE KIND PATH`, KIND `f` or `d`, PATH relative to ROOT: names as of the last sync, whatever was synced:
 *                        a file system with a journal commits changes of names in their order
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* What cannot be kept must not be taken for synced. */
static void give_up(const char *what) {
  dprintf(2, "power-cut: %s: %s\n", what, strerror(errno));
  _exit(99);
}

static void format(char *into, const char *pattern, ...) {
  va_list values;
  va_start(values, pattern);
  int length = vsnprintf(into, PATH_MAX, pattern, values);
  va_end(values);
  if (length < 0 || length >= PATH_MAX) {
    errno = ENAMETOOLONG;
    give_up("path");
  }
}

static void inode_of(int at, const char *path, int flags, char *name, struct statx *found) {
  if (statx(at, path, flags, STATX_BASIC_STATS | STATX_BTIME, found) != 0) {
    name[0] = '\0';
    return;
  }
  format(name, "%llu-%lld.%09u", (unsigned long long)found->stx_ino, (long long)found->stx_btime.tv_sec,
         found->stx_btime.tv_nsec);
}

static void copy_bytes(int from, off_t start, off_t end, int to) {
  static char buffer[1 << 16];
  while (start < end) {
    size_t wanted = end - start < (off_t)sizeof buffer ? (size_t)(end - start) : sizeof buffer;
    ssize_t count = pread(from, buffer, wanted, start);
    if (count == 0) return;
    if (count < 0 || pwrite(to, buffer, count, start) != count) give_up("copy");
    start += count;
  }
}

/* Whether this is a file that LevelDB only ever appends to, and that may be large. */
static int is_append_only(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot && (strcmp(dot, ".log") == 0 || strcmp(dot, ".ldb") == 0);
}

/*
 * Whether a file begins as what was kept of it does: LevelDB takes the number of a file again that a start which was cut off has left,
 * cuts that file to nothing and writes it anew. Records hold the time, so that their first bytes tell.
 */
static int begins_alike(int from, const char *kept, off_t size) {
  char now[4096], before[4096];
  int fd = open(kept, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  size_t wanted = size < (off_t)sizeof now ? (size_t)size : sizeof now;
  int is_alike = pread(from, now, wanted, 0) == (ssize_t)wanted && pread(fd, before, wanted, 0) == (ssize_t)wanted &&
                 memcmp(now, before, wanted) == 0;
  close(fd);
  return is_alike;
}

static void keep_file(int fd, const char *path, const char *shadow) {
  char name[PATH_MAX], kept[PATH_MAX], partial[PATH_MAX], source[64];
  struct statx found;
  struct stat before;
  inode_of(fd, "", AT_EMPTY_PATH, name, &found);
  if (name[0] == '\0') give_up("statx");
  format(kept, "%s/files/%s", shadow, name);
  format(partial, "%s/partial", shadow);
  snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
  int from = open(source, O_RDONLY | O_CLOEXEC); /* it may be open for writing only */
  if (from < 0) give_up(path);
  off_t size = (off_t)found.stx_size;
  int is_grown = is_append_only(path) && stat(kept, &before) == 0 && before.st_size <= size &&
                 begins_alike(from, kept, before.st_size);
  int to = open(is_grown ? kept : partial, O_WRONLY | O_CREAT | O_CLOEXEC | (is_grown ? 0 : O_TRUNC), 0600);
  if (to < 0) give_up(kept);
  copy_bytes(from, is_grown ? before.st_size : 0, size, to);
  close(from);
  close(to);
  if (!is_grown && rename(partial, kept) != 0) give_up(kept);
}

static void list_names(FILE *into, const char *root, const char *below) {
  char directory[PATH_MAX];
  format(directory, "%s/%s", root, below);
  DIR *entries = opendir(directory);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char path[PATH_MAX], inode[PATH_MAX];
    struct statx found;
    format(path, "%s%s%s", below, below[0] ? "/" : "", entry->d_name);
    inode_of(dirfd(entries), entry->d_name, AT_SYMLINK_NOFOLLOW, inode, &found);
    if (inode[0] == '\0') continue; /* removed meanwhile */
    int is_directory = S_ISDIR(found.stx_mode);
    fprintf(into, "%s %c %s\n", inode, is_directory ? 'd' : 'f', path);
    if (is_directory) list_names(into, root, path);
  }
  closedir(entries);
}

static void keep_names(const char *root, const char *shadow) {
  char names[PATH_MAX], partial[PATH_MAX];
  format(names, "%s/names", shadow);
  format(partial, "%s/names.partial", shadow);
  FILE *into = fopen(partial, "we");
  if (!into) give_up(partial);
  list_names(into, root, "");
  if (fclose(into) != 0 || rename(partial, names) != 0) give_up(names);
}

/* 1 = it lies below the root, and is kept. */
static int keep(int fd) {
  const char *root = getenv("POWER_CUT_ROOT"), *shadow = getenv("POWER_CUT_SHADOW");
  if (!root || !shadow) return 0;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = '\0';
  size_t prefix = strlen(root);
  if (strncmp(path, root, prefix) != 0 || (path[prefix] != '/' && path[prefix] != '\0')) return 0;
  struct stat found;
  if (fstat(fd, &found) != 0) return 0;
  pthread_mutex_lock(&lock);
  if (S_ISREG(found.st_mode)) keep_file(fd, path, shadow);
  keep_names(root, shadow);
  pthread_mutex_unlock(&lock);
  return 1;
}

int fsync(int fd) {
  if (keep(fd)) return 0;
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd) {
  if (keep(fd)) return 0;
  return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
