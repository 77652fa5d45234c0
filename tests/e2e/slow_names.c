// To be preloaded: how the name cams.test is looked up says the file that SLOW_NAMES names. None:
// it is this machine. "unknown": there is no such name. "slow": no answer comes until that is
// changed; a file of that name with .waits behind it says that somebody waits.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int says(const char* word) {
    char text[16] = "";
    const char* path = getenv("SLOW_NAMES");
    FILE* const file = path ? fopen(path, "r") : NULL;
    if (!file) return 0;
    if (!fgets(text, sizeof text, file)) text[0] = 0;
    fclose(file);
    return strcmp(text, word) == 0;
}

static void note(void) {
    char path[4096];
    snprintf(path, sizeof path, "%s.waits", getenv("SLOW_NAMES"));
    FILE* const file = fopen(path, "w");
    if (file) fclose(file);
}

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints,
                struct addrinfo** found) {
    static int (*real)(const char*, const char*, const struct addrinfo*, struct addrinfo**);
    if (!real) *(void**)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    if (!node || strcmp(node, "cams.test") != 0) return real(node, service, hints, found);
    if (says("slow")) note();
    while (says("slow")) usleep(10000);
    return says("unknown") ? EAI_NONAME : real("127.0.0.1", service, hints, found);
}
