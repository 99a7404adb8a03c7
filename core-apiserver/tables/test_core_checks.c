/* SPDX-License-Identifier: Apache-2.0 */
#include "field_error.h"
#include "test_tables_support.h"

/* What the check functions refuse, in upstream's words. */

struct refusal {
	const char *resource;
	const char *input;
	const char *errors; /* "FIELD: BODY" of each, a line each */
};

#define POD(spec)      "{'spec':{'containers':[{'name':'c','image':'i'" spec "}]}}"
#define POD_SPEC(rest) "{'spec':{'containers':[{'name':'c','image':'i'}]," rest "}}"
#define VOLUME(source) POD_SPEC("'volumes':[{'name':'v'," source "}]")
#define WORKLOAD(rest)                                                                             \
	"{'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':"          \
	"{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i'}]" rest "}"
#define STORAGE(size) "'resources':{'requests':{'storage':'" size "'}}"
#define INGRESS(path)                                                                              \
	"{'spec':{'rules':[{'host':'a.b','http':{'paths':[{'pathType':'Prefix'," path "}]}}]}}"
#define BACKEND "'backend':{'service':{'name':'s','port':{'number':80}}}"

static const struct refusal refusals[] = {
	{"configmaps", "{'data':{'..':'x'},'binaryData':{'a':'Yg=='}}",
		"data[..]: Invalid value: '..': must not be '..'\n"},
	{"configmaps", "{'data':{'a':'x'},'binaryData':{'a':'Yg=='}}",
		"data[a]: Invalid value: 'a': duplicate of key present in binaryData\n"},
	{"secrets", "{'type':'kubernetes.io/tls','data':{'tls.crt':'Yg=='}}",
		"data[tls.key]: Required value\n"},
	{"secrets", "{'type':'kubernetes.io/basic-auth','stringData':{'username':'u'}}", ""},
	{"events", "{'metadata':{'namespace':'a'},'involvedObject':{'namespace':'b'}}",
		"involvedObject.namespace: Invalid value: 'b': does not match event.namespace\n"},
	{"pods", POD(",'ports':[{'name':'p','containerPort':1},{'name':'p','containerPort':2}]"),
		"spec.containers[0].ports[1].name: Duplicate value: 'p'\n"},
	{"pods", POD(",'volumeMounts':[{'name':'v','mountPath':'/v'}]"),
		"spec.containers[0].volumeMounts[0].name: Not found: 'v'\n"},
	{"pods", POD(",'livenessProbe':{}"),
		"spec.containers[0].livenessProbe: Required value: must specify a handler type\n"},
	{"pods", POD(",'livenessProbe':{'tcpSocket':{'port':0},'successThreshold':2}"),
		"spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 0: "
		"must be between 1 and 65535, inclusive\n"
		"spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1\n"},
	{"pods", POD(",'readinessProbe':{'tcpSocket':{'port':'web'},'successThreshold':2}"), ""},
	{"pods", POD(",'lifecycle':{'preStop':{'exec':{}}}"),
		"spec.containers[0].lifecycle.preStop.exec.command: Required value\n"},
	{"pods", POD(",'env':[{'name':'a','valueFrom':{'fieldRef':{'fieldPath':'x'}}}]"),
		"spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: 'x': "
		"error converting fieldPath: field label not supported: x\n"},
	{"pods", POD(",'envFrom':[{}]"),
		"spec.containers[0].envFrom[0]: Invalid value: '': must specify one of: "
		"`configMapRef` or `secretRef`\n"},
	{"pods", POD(",'resources':{'requests':{'cpu':'2'},'limits':{'cpu':'1'}}"),
		"spec.containers[0].resources.requests: Invalid value: '2': must be less than or "
		"equal to cpu limit of 1\n"},
	{"pods", VOLUME("'emptyDir':{},'hostPath':{'path':'../x'}"),
		"spec.volumes[0].hostPath.path: Invalid value: '../x': must not contain '..'\n"
		"spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type\n"},
	{"pods", VOLUME("'configMap':{'name':'x','items':[{'key':'k','path':'/k','mode':512}]}"),
		"spec.volumes[0].configMap.items[0].path: Invalid value: '/k': "
		"must be a relative path\n"
		"spec.volumes[0].configMap.items[0].mode: Invalid value: 512: "
		"must be a number between 0 and 0777 (octal), both inclusive\n"},
	{"pods", POD_SPEC("'initContainers':[{'name':'c','image':'i'}]"),
		"spec.initContainers[0].name: Duplicate value: 'c'\n"},
	{"pods", POD_SPEC("'tolerations':[{'key':'a','operator':'Exists','tolerationSeconds':1}]"),
		"spec.tolerations[0].effect: Invalid value: '': effect must be 'NoExecute' when "
		"`tolerationSeconds` is set\n"},
	{"pods", POD_SPEC("'dnsPolicy':'None'"),
		"spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is "
		"None\n"},
	{"persistentvolumes",
		"{'spec':{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'0'}}}",
		"spec: Required value: must specify a volume type\n"
		"spec.capacity[storage]: Invalid value: '0': must be greater than zero\n"},
	{"persistentvolumeclaims", "{'spec':{'accessModes':['ReadWriteOnce']}}",
		"spec.resources[storage]: Required value\n"},
	{"limitranges",
		"{'spec':{'limits':[{'type':'Container','max':{'cpu':'1'},"
		"'min':{'cpu':'2'},'default':{'cpu':'1'},'defaultRequest':{'cpu':'2'}}]}}",
		"spec.limits[0].min[cpu]: Invalid value: '2': min value 2 is greater than max "
		"value 1\n"
		"spec.limits[0].defaultRequest[cpu]: Invalid value: '2': default request value 2 "
		"is greater than max value 1\n"
		"spec.limits[0].default[cpu]: Invalid value: '2': default request value 2 is "
		"greater than default value 1\n"
		"spec.limits[0].default[cpu]: Invalid value: '2': min value 2 is greater than "
		"default value 1\n"},
	{"services", "{'spec':{'ports':[{'port':80},{'port':80,'name':'a'}]}}",
		"spec.ports[0].name: Required value\n"
		"spec.ports[1]: Duplicate value: {'name':'a','protocol':'TCP','port':80,"
		"'targetPort':80}\n"},
	{"services", "{'spec':{'ports':[{'port':80,'nodePort':30000}]}}",
		"spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'\n"},
	{"pods",
		POD_SPEC("'securityContext':{'sysctls':[{'name':'a','value':'1'},"
			 "{'name':'a','value':'2'}]}"),
		"spec.securityContext.sysctls[1].name: Duplicate value: 'a'\n"},
	{"certificatesigningrequests",
		"{'spec':{'request':'eA==','signerName':'x','usages':['any']}}",
		"spec.signerName: Invalid value: 'x': must be a fully qualified domain and path "
		"of the form 'example.com/signer-name'\n"},
	{"services", "{'spec':{'type':'ExternalName'}}", "spec.externalName: Required value\n"},
	{"services", "{'spec':{'ports':[{'port':80}],'externalTrafficPolicy':'Local'}}",
		"spec.externalTrafficPolicy: Invalid value: 'Local': may only be set for "
		"externally-accessible services\n"},
	{"endpoints", "{'subsets':[{'addresses':[{'ip':'127.0.0.1'}],'ports':[{'port':1}]}]}",
		"subsets[0].addresses[0].ip: Invalid value: '127.0.0.1': may not be in the "
		"loopback range (127.0.0.0/8, ::1/128)\n"},
	{"nodes",
		"{'spec':{'taints':[{'key':'a','effect':'NoSchedule'},{'key':'a',"
		"'effect':'NoSchedule'}]}}",
		"metadata.taints[1]: Duplicate value: {'key':'a','effect':'NoSchedule'}: "
		"taints must be unique by key and effect pair\n"},
	{"deployments", WORKLOAD(",'restartPolicy':'Never'") "}}}",
		"spec.template.spec.restartPolicy: Unsupported value: 'Never': supported values: "
		"'Always'\n"},
	{"deployments",
		WORKLOAD(
			"") "},'strategy':{'rollingUpdate':{'maxSurge':0,'maxUnavailable':'0%'}}}}",
		"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: '0%': may not be 0 "
		"when `maxSurge` is 0\n"},
	{"statefulsets",
		WORKLOAD("") "},'serviceName':'s','volumeClaimTemplates':[{'metadata':{'name':"
			     "'v'},'spec':{'accessModes':['ReadWriteOnce']," STORAGE("1") "}}]}}",
		""},
	{"statefulsets",
		"{'spec':{'serviceName':'s','selector':{'matchLabels':{'a':'b'}},"
		"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':["
		"{'name':'c','image':'i','volumeMounts':[{'name':'claim','mountPath':"
		"'/v'}]}]}}}}",
		""},
	{"deployments",
		"{'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{'metadata':{'labels':"
		"{'a':'b'}},'spec':{'containers':[{'name':'c','image':'i','volumeMounts':[{"
		"'name':'v','mountPath':'/v'}]}]}}}}",
		"spec.template.spec.containers[0].volumeMounts[0].name: Not found: 'v'\n"},
	{"jobs", WORKLOAD(",'restartPolicy':'Always'") "}}}",
		"spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", "
		"\"Never\"\n"},
	{"roles", "{'rules':[{'verbs':['get'],'nonResourceURLs':['/x']}]}",
		"rules[0].nonResourceURLs: Invalid value: ['/x']: namespaced rules cannot apply "
		"to non-resource URLs\n"},
	{"clusterrolebindings",
		"{'roleRef':{'kind':'ClusterRole','name':'r'},'subjects':[{'kind':"
		"'ServiceAccount','name':'s'}]}",
		"subjects[0].namespace: Required value\n"},
	{"networkpolicies",
		"{'spec':{'podSelector':{},'ingress':[{'from':[{'ipBlock':"
		"{'cidr':'10.0.0.0/8','except':['11.0.0.0/16','10.1.0.0/16']}}]}]}}",
		"spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: '11.0.0.0/16': must be "
		"a strict subset of `cidr`\n"},
	{"ingresses", INGRESS("'path':'/a//b'," BACKEND),
		"spec.rules[0].http.paths[0].path: Invalid value: '/a//b': must not contain "
		"'//'\n"},
	{"ingresses", INGRESS("'path':'/','backend':{}"),
		"spec.rules[0].http.paths[0].backend: Invalid value: '': resource or service "
		"backend is required\n"},
	{"validatingwebhookconfigurations",
		"{'webhooks':[{'name':'a.b','sideEffects':'None','admissionReviewVersions':['v9'],"
		"'clientConfig':{'url':'http://x'}}]}",
		"webhooks[0].clientConfig.url: Invalid value: 'http': 'https' is the only allowed "
		"URL scheme; desired format: https://host[/path]\n"
		"webhooks[0].name: Invalid value: 'a.b': should be a domain with at least three "
		"segments separated by dots\n"
		"webhooks[0].admissionReviewVersions: Invalid value: ['v9']: must include at "
		"least one of v1, v1beta1\n"},
	{"deployments",
		"{'spec':{'selector':{'matchExpressions':[{'key':'a','operator':'Exists','values':"
		"['x']}]},'template':{'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
		"spec.selector.matchExpressions[0].values: Forbidden: may not be specified when "
		"`operator` is 'Exists' or 'DoesNotExist'\n"},
	{"endpointslices", "{'addressType':'IPv4','endpoints':[]}", ""},
};

static void assert_errors(
	struct arena *arena, const struct field_errors *errors, const struct refusal *expected)
{
	struct str text = STR("");
	struct str wanted = str_from_c(expected->errors);

	for (const struct field_error *error = errors->first; error; error = error->next)
		text = arena_printf(arena, "%.*s%.*s: %.*s\n", STR_ARG(text), STR_ARG(error->field),
			STR_ARG(error->body));
	if (text.length != wanted.length)
		fail_msg("%s: %.*s", expected->input, STR_ARG(text));
	/* The table writes single quotes for double ones. */
	for (size_t i = 0; i < text.length; i++) {
		char byte = text.data[i] == '"' ? '\'' : text.data[i];
		char other = wanted.data[i] == '"' ? '\'' : wanted.data[i];

		if (byte != other)
			fail_msg("%s: %.*s", expected->input, STR_ARG(text));
	}
}

static void what_is_wrong_is_named_in_upstreams_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct arena *arena = arena_create(0);
		const struct api_resource *resource = find_resource(refusals[i].resource);
		struct json_value object = decode(arena, resource, refusals[i].input);
		struct field_errors errors = {.arena = arena};

		schema_validate(resource->schema, &object, NULL, NULL, &errors);
		assert_errors(arena, &errors, &refusals[i]);
		arena_destroy(&arena);
	}
}

struct change {
	const char *resource, *before, *after, *errors;
};

#define CLAIM(spec, phase)                                                                         \
	"{'spec':{'accessModes':['ReadWriteOnce']," spec "},'status':{'phase':'" phase "'}}"

static const struct change changes[] = {
	{"configmaps", "{'data':{'a':'b'},'immutable':true}", "{'data':{'a':'c'}}",
		"immutable: Forbidden: field is immutable when `immutable` is set\n"
		"data: Forbidden: field is immutable when `immutable` is set\n"},
	{"persistentvolumeclaims", CLAIM(STORAGE("1Gi"), "Bound"), CLAIM(STORAGE("2Gi"), "Bound"),
		""},
	{"persistentvolumeclaims", CLAIM(STORAGE("1Gi"), "Pending"),
		CLAIM(STORAGE("1Gi") ",'volumeName':'v'", "Pending"), ""},
	{"persistentvolumeclaims", CLAIM(STORAGE("1Gi"), "Pending"),
		CLAIM(STORAGE("2Gi"), "Pending"),
		"spec: Forbidden: spec is immutable after creation except resources.requests and "
		"volumeAttributesClassName for bound claims\n"},
	{"persistentvolumes",
		"{'spec':{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1'},'hostPath':"
		"{'path':'/a'}}}",
		"{'spec':{'accessModes':['ReadWriteOnce'],'capacity':{'storage':'1'},'hostPath':"
		"{'path':'/b'}}}",
		"spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable "
		"after creation\n"},
	{"jobs", WORKLOAD(",'restartPolicy':'Never'") "},'completions':1}}",
		WORKLOAD(",'restartPolicy':'Never'") "},'completions':2}}",
		"spec.completions: Invalid value: 2: field is immutable\n"},
};

static void what_may_not_change_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct arena *arena = arena_create(0);
		const struct api_resource *resource = find_resource(changes[i].resource);
		struct json_value before = decode(arena, resource, changes[i].before);
		struct json_value after = decode(arena, resource, changes[i].after);
		struct refusal expected = {"", changes[i].after, changes[i].errors};
		struct field_errors errors = {.arena = arena};

		schema_validate(resource->schema, &after, &before, NULL, &errors);
		assert_errors(arena, &errors, &expected);
		arena_destroy(&arena);
	}
}

static void a_second_name_of_the_same_thing_follows(void **state)
{
	struct arena *arena = arena_create(0);
	struct json_value secret = decode(arena, find_resource("secrets"),
		"{'data':{'b':'Yg=='},'stringData':{'a':'b','b':'c'}}");
	struct json_value node =
		decode(arena, find_resource("nodes"), "{'spec':{'podCIDR':'10.0.0.0/24'}}");
	struct json_value pod = decode(arena, find_resource("pods"),
		"{'status':{'podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.2'}]}}");

	(void)state;
	assert_string_equal(show(arena, &secret),
		"{'metadata':{},'data':{'a':'Yg==','b':'Yw=='},'type':'Opaque'}");
	assert_string_equal(show(arena, json_find(&node, STR("spec"))),
		"{'podCIDR':'10.0.0.0/24','podCIDRs':['10.0.0.0/24']}");
	assert_string_equal(show(arena, json_find(&pod, STR("status"))),
		"{'podIP':'10.0.0.1','podIPs':[{'ip':'10.0.0.1'}]}");
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wrong_is_named_in_upstreams_words),
		cmocka_unit_test(what_may_not_change_is_named),
		cmocka_unit_test(a_second_name_of_the_same_thing_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
