/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_sink.h"

#include "sup_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM        "kube-apiserver"
#define SEVERITY_COUNT 4u
#define RECENT_BYTES   65536u

static const char *const severity_names[SEVERITY_COUNT] = {"INFO", "WARNING", "ERROR", "FATAL"};

struct file {
	int fd; /* -1: none */
	uint64_t size_bytes;
};

static struct sink {
	bool has_files;
	bool has_stderr;
	bool has_one_file;
	bool has_one_output; /* a line goes to the file of its own severity only */
	bool has_headers;
	bool is_split; /* errors to standard error, the rest to standard output */
	enum log_severity threshold;
	uint64_t max_bytes; /* 0: no limit */
	char directory[PATH_MAX];
	char path[PATH_MAX]; /* of the one file */
	char user[64];
	struct file files[SEVERITY_COUNT];
} sink = {.has_stderr = true, .files = {{-1, 0}, {-1, 0}, {-1, 0}, {-1, 0}}};

/* For who asks later. */
static struct {
	char bytes[RECENT_BYTES];
	size_t written;
	void (*follow)(const char *line, size_t length);
} recent;

/* Short writes happen where a line is lost anyway: on a full disk or a broken pipe. */
static void write_to(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		bytes += written;
		length -= (size_t)written;
	}
}

static void write_to_file(struct file *file, const char *bytes, size_t length)
{
	write_to(file->fd, bytes, length);
	file->size_bytes += length;
}

static void write_header(struct file *file)
{
	struct utsname system = {0};
	struct tm local;
	time_t now = time(NULL);
	char text[512];
	int length;

	if (!sink.has_headers)
		return;
	uname(&system);
	localtime_r(&now, &local);
	length = snprintf(text, sizeof(text),
		"Log file created at: %04d/%02d/%02d %02d:%02d:%02d\n"
		"Running on machine: %s\n"
		"Log line format: [IWEF]mmdd hh:mm:ss.uuuuuu threadid file:line] msg\n",
		local.tm_year + 1900, local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min,
		local.tm_sec, system.nodename);
	if (length > 0 && (size_t)length < sizeof(text))
		write_to_file(file, text, (size_t)length);
}

static void make_link(const char *name, unsigned severity)
{
	char link[PATH_MAX];
	int length = snprintf(
		link, sizeof(link), "%s/" PROGRAM ".%s", sink.directory, severity_names[severity]);

	if (length < 0 || (size_t)length >= sizeof(link))
		return;
	/* Only a convenience: the file is there without it. */
	unlink(link);
	if (symlink(name, link) < 0)
		return;
}

static int open_named(unsigned severity, char *ret_path, size_t size_bytes)
{
	struct utsname system = {0};
	struct tm local;
	time_t now = time(NULL);
	char name[320];
	int length, fd;

	uname(&system);
	system.nodename[strcspn(system.nodename, ".")] = '\0';
	localtime_r(&now, &local);
	snprintf(name, sizeof(name), PROGRAM ".%s.%s.log.%s.%04d%02d%02d-%02d%02d%02d.%d",
		system.nodename, sink.user, severity_names[severity], local.tm_year + 1900,
		local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec,
		(int)getpid());
	length = snprintf(ret_path, size_bytes, "%s/%s", sink.directory, name);
	if (length < 0 || (size_t)length >= size_bytes) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(ret_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd >= 0)
		make_link(name, severity);
	return fd;
}

static int open_file(unsigned severity, char *ret_path, size_t size_bytes)
{
	struct file *file = &sink.files[severity];
	struct stat status = {0};
	int fd;

	if (sink.has_one_file) {
		snprintf(ret_path, size_bytes, "%s", sink.path);
		fd = open(sink.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	} else {
		fd = open_named(severity, ret_path, size_bytes);
	}
	if (fd < 0)
		return -1;
	if (file->fd >= 0)
		close(file->fd);
	fstat(fd, &status);
	*file = (struct file){.fd = fd, .size_bytes = (uint64_t)status.st_size};
	write_header(file);
	return 0;
}

/* Begins a new file when the line does not fit; the old one goes on when that fails. */
static void rotate(unsigned severity, size_t length)
{
	struct file *file = &sink.files[severity];
	char path[PATH_MAX];

	if (sink.max_bytes == 0 || file->size_bytes + length < sink.max_bytes)
		return;
	if (sink.has_one_file && ftruncate(file->fd, 0) == 0)
		file->size_bytes = 0;
	else if (!sink.has_one_file && open_file(severity, path, sizeof(path)) < 0)
		file->size_bytes = 0;
}

static void write_to_files(enum log_severity severity, const char *line, size_t length)
{
	unsigned lowest = sink.has_one_output ? (unsigned)severity : 0;

	if (sink.has_one_file) {
		rotate(0, length);
		write_to_file(&sink.files[0], line, length);
		return;
	}
	for (unsigned i = lowest; i <= (unsigned)severity; i++) {
		rotate(i, length);
		write_to_file(&sink.files[i], line, length);
	}
}

static void remember(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		recent.bytes[recent.written++ % RECENT_BYTES] = line[i];
	if (recent.follow)
		recent.follow(line, length);
}

static void write_line(enum log_severity severity, const char *line, size_t length)
{
	if (sink.has_files)
		write_to_files(severity, line, length);
	if (sink.has_stderr || (sink.has_files && severity >= sink.threshold))
		write_to(sink.is_split && severity < LOG_SEVERITY_ERROR ? STDOUT_FILENO
									: STDERR_FILENO,
			line, length);
	remember(line, length);
}

void sup_sink_set_follower(void (*follow)(const char *line, size_t length))
{
	recent.follow = follow;
}

void sup_sink_recent(struct str *ret_older, struct str *ret_newer)
{
	size_t end = recent.written % RECENT_BYTES;

	*ret_newer = str_from(recent.bytes, end);
	*ret_older = STR_EMPTY;
	if (recent.written <= RECENT_BYTES)
		return;
	/* The oldest line has lost its beginning. */
	*ret_older = str_from(recent.bytes + end, RECENT_BYTES - end);
	*ret_older = str_skip(*ret_older, str_find_byte(*ret_older, '\n') + 1);
}

static enum log_severity severity_of(struct str line)
{
	static const char letters[] = "IWEF";
	const char *letter;

	if (!sup_output_is_log_line(line.data, line.length))
		return LOG_SEVERITY_INFO;
	if (line.data[0] == '{')
		return str_find(line, STR("\",\"v\":")) < line.length ? LOG_SEVERITY_INFO
								      : LOG_SEVERITY_ERROR;
	letter = strchr(letters, line.data[0]);
	return letter ? (enum log_severity)(letter - letters) : LOG_SEVERITY_INFO;
}

void sup_sink_write(const char *line, size_t length)
{
	write_line(severity_of(str_from(line, length)), line, length);
}

static void read_flags(const struct sup_flags *flags)
{
	bool is_json = str_equal(sup_flags_text(flags, SUP_FLAG_LOGGING_FORMAT), STR("json"));
	struct str directory = sup_flags_text(flags, SUP_FLAG_LOG_DIR);
	struct str path = sup_flags_text(flags, SUP_FLAG_LOG_FILE);
	const char *temporary = secure_getenv("TMPDIR");

	sink.has_files = !sup_flags_bool(flags, SUP_FLAG_LOGTOSTDERR);
	sink.has_stderr = !sink.has_files || sup_flags_bool(flags, SUP_FLAG_ALSOLOGTOSTDERR);
	sink.has_one_file = !str_is_empty(path);
	sink.has_one_output = sup_flags_bool(flags, SUP_FLAG_ONE_OUTPUT);
	sink.has_headers = !sup_flags_bool(flags, SUP_FLAG_SKIP_LOG_HEADERS);
	sink.is_split = sup_flags_bool(
		flags, is_json ? SUP_FLAG_LOG_JSON_SPLIT_STREAM : SUP_FLAG_LOG_TEXT_SPLIT_STREAM);
	sink.threshold = (enum log_severity)sup_flags_integer(flags, SUP_FLAG_STDERRTHRESHOLD);
	sink.max_bytes = (uint64_t)sup_flags_integer(flags, SUP_FLAG_LOG_FILE_MAX_SIZE) << 20;
	if (str_is_empty(directory))
		directory = str_from_c(temporary && temporary[0] ? temporary : "/tmp");
	snprintf(sink.directory, sizeof(sink.directory), "%.*s", STR_ARG(directory));
	snprintf(sink.path, sizeof(sink.path), "%.*s", STR_ARG(path));
}

static void find_user(void)
{
	/* From the file, as in sup_users.c. */
	FILE *file = fopen("/etc/passwd", "re");

	snprintf(sink.user, sizeof(sink.user), "%u", (unsigned)geteuid());
	if (!file)
		return;
	for (struct passwd *entry = fgetpwent(file); entry; entry = fgetpwent(file)) {
		if (entry->pw_uid == geteuid()) {
			snprintf(sink.user, sizeof(sink.user), "%.63s", entry->pw_name);
			break;
		}
	}
	fclose(file);
}

int sup_sink_open(const struct sup_flags *flags, struct error *err)
{
	char path[PATH_MAX] = "";

	read_flags(flags);
	if (sink.has_files) {
		unsigned count = sink.has_one_file ? 1 : SEVERITY_COUNT;

		find_user();
		for (unsigned i = 0; i < count; i++) {
			if (open_file(i, path, sizeof(path)) < 0)
				return error_set_errno(err, errno, "opening log file %s", path);
		}
	}
	log_set_writer(write_line);
	return 0;
}

void sup_sink_reopen(void)
{
	char path[PATH_MAX] = "";

	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		if (sink.files[i].fd >= 0 && open_file(i, path, sizeof(path)) < 0)
			log_error("The log goes on in its old file: opening %s: %s", path,
				strerror(errno));
	}
}

void sup_sink_close(void)
{
	log_set_writer(NULL);
	for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
		if (sink.files[i].fd >= 0)
			close(sink.files[i].fd);
		sink.files[i].fd = -1;
	}
}
