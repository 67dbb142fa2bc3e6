/* A disk that is slow, fails or loses power, for one process: preloaded, it stands in front of fsync and fdatasync.

   FAULT_CONTROL  a file that says what is wrong now: "delay <microseconds>", "eio", or nothing
   FAULT_LOG      a file that gets a line "<length> <path>" for each file that was synced, its length at that moment
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long delay_or_failure(void)
{
	char text[64] = "";
	const char *name = getenv("FAULT_CONTROL");
	int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;

	if (file < 0)
		return 0;
	ssize_t length = read(file, text, sizeof text - 1);
	close(file);
	if (length <= 0)
		return 0;
	if (!strncmp(text, "eio", 3))
		return -1;
	return strncmp(text, "delay ", 6) ? 0 : atol(text + 6);
}

static void note(int synced, off_t length)
{
	char link[64], path[PATH_MAX], line[PATH_MAX + 32];
	const char *name = getenv("FAULT_LOG");

	snprintf(link, sizeof link, "/proc/self/fd/%d", synced);
	ssize_t size = name ? readlink(link, path, sizeof path - 1) : -1;
	if (size < 0)
		return;
	path[size] = 0;
	int log = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log < 0)
		return;
	int written = snprintf(line, sizeof line, "%lld %s\n", (long long)length, path);
	if (write(log, line, written) != written)
		abort();
	close(log);
}

static int sync_as(const char *name, int file)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	struct stat before;
	long wrong = delay_or_failure();

	if (wrong < 0) {
		errno = EIO;
		return -1;
	}
	if (wrong > 0)
		usleep(wrong);
	if (fstat(file, &before))
		return -1;
	int result = real(file);
	if (!result)
		note(file, before.st_size);
	return result;
}

int fsync(int file)
{
	return sync_as("fsync", file);
}

int fdatasync(int file)
{
	return sync_as("fdatasync", file);
}
