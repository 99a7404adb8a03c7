/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "json_reader.h"
#include "json_writer.h"

/* MB/s of reading and writing a pod of about 2 KB. */
static const char pod[] =
	"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web-7c5ddbdf54-x2p9q\","
	"\"generateName\":\"web-7c5ddbdf54-\",\"namespace\":\"default\",\"uid\":"
	"\"0b0a6c0e-6b0d-4f3b-9d58-0e8a1f6c2b11\",\"resourceVersion\":\"123456\","
	"\"creationTimestamp\":\"2024-03-01T10:00:00Z\",\"labels\":{\"app\":\"web\","
	"\"pod-template-hash\":\"7c5ddbdf54\",\"tier\":\"frontend\"},\"annotations\":{"
	"\"prometheus.io/scrape\":\"true\",\"prometheus.io/port\":\"8080\"},\"ownerReferences\":[{"
	"\"apiVersion\":\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"web-7c5ddbdf54\",\"uid\":"
	"\"9a7c2c1e-0f0c-4a53-a6d3-5d0f5f3f1c22\",\"controller\":true,"
	"\"blockOwnerDeletion\":true}]},\"spec\":{\"volumes\":[{\"name\":\"kube-api-access-abcde\","
	"\"projected\":{\"sources\":[{\"serviceAccountToken\":{\"expirationSeconds\":3607,\"path\":"
	"\"token\"}},{\"configMap\":{\"name\":\"kube-root-ca.crt\",\"items\":[{\"key\":\"ca.crt\","
	"\"path\":\"ca.crt\"}]}}],\"defaultMode\":420}}],\"containers\":[{\"name\":\"web\",\"image\":"
	"\"registry.example.com/team/web:1.27.4\",\"ports\":[{\"name\":\"http\",\"containerPort\":8080,"
	"\"protocol\":\"TCP\"}],\"env\":[{\"name\":\"MODE\",\"value\":\"production\"},{\"name\":"
	"\"GREETING\",\"value\":\"hello \\\"world\\\"\\n\"}],\"resources\":{\"limits\":{\"cpu\":\"1\","
	"\"memory\":\"512Mi\"},\"requests\":{\"cpu\":\"250m\",\"memory\":\"128Mi\"}},\"volumeMounts\":["
	"{\"name\":\"kube-api-access-abcde\",\"readOnly\":true,\"mountPath\":"
	"\"/var/run/secrets/kubernetes.io/serviceaccount\"}],\"livenessProbe\":{\"httpGet\":{\"path\":"
	"\"/healthz\",\"port\":\"http\",\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,\"periodSeconds\":10,"
	"\"successThreshold\":1,\"failureThreshold\":3},\"terminationMessagePath\":"
	"\"/dev/termination-log\",\"terminationMessagePolicy\":\"File\",\"imagePullPolicy\":"
	"\"IfNotPresent\"}],\"restartPolicy\":\"Always\",\"terminationGracePeriodSeconds\":30,"
	"\"dnsPolicy\":\"ClusterFirst\",\"serviceAccountName\":\"default\",\"serviceAccount\":"
	"\"default\",\"nodeName\":\"node-17\",\"securityContext\":{},\"schedulerName\":"
	"\"default-scheduler\",\"tolerations\":[{\"key\":\"node.kubernetes.io/not-ready\",\"operator\":"
	"\"Exists\",\"effect\":\"NoExecute\",\"tolerationSeconds\":300}],\"priority\":0,"
	"\"enableServiceLinks\":true,\"preemptionPolicy\":\"PreemptLowerPriority\"},\"status\":{"
	"\"phase\":\"Running\",\"qosClass\":\"Burstable\"}}";

#define ROUNDS 100000

static void print_rate(const char *name, uint64_t start_ns, size_t bytes)
{
	double seconds = (double)(clock_now_ns() - start_ns) / 1e9;

	printf("json %s: %.0f MB/s, %.2f us per pod of %zu bytes\n", name,
		(double)bytes * ROUNDS / seconds / 1e6, seconds * 1e6 / ROUNDS, bytes);
}

int main(void)
{
	struct arena *arena = arena_create(64 * 1024);
	struct str text = str_from(pod, sizeof(pod) - 1);
	struct json_value value;
	struct buffer out = {0};
	uint64_t start_ns = clock_now_ns();

	for (int i = 0; i < ROUNDS; i++) {
		arena_reset(arena);
		if (json_read(arena, text, NULL, &value, NULL) != 0)
			return EXIT_FAILURE;
	}
	print_rate("read", start_ns, text.length);
	start_ns = clock_now_ns();
	for (int i = 0; i < ROUNDS; i++) {
		buffer_clear(&out);
		json_write(&out, &value);
	}
	print_rate("write", start_ns, out.length);
	buffer_fini(&out);
	arena_destroy(&arena);
	return EXIT_SUCCESS;
}
