/* SPDX-License-Identifier: Apache-2.0 */
#include "test_tables_support.h"

/* What the server makes of the smallest objects people write. */

struct golden {
	const char *resource;
	const char *input;
	const char *output;
};

#define CONTAINER_DEFAULTS                                                                         \
	"'resources':{},'terminationMessagePath':'/dev/termination-log',"                          \
	"'terminationMessagePolicy':'File'"
#define POD_SPEC_DEFAULTS                                                                          \
	"'restartPolicy':'Always','terminationGracePeriodSeconds':30,'dnsPolicy':'ClusterFirst',"  \
	"'securityContext':{},'schedulerName':'default-scheduler'"

static const struct golden goldens[] = {
	{
		"pods",
		"{'kind':'Pod','apiVersion':'v1','metadata':{'name':'a'},'spec':{'containers':["
		"{'name':'c','image':'nginx'}]}}",
		"{'kind':'Pod','apiVersion':'v1','metadata':{'name':'a'},'spec':{'containers':["
		"{'name':'c','image':'nginx'," CONTAINER_DEFAULTS
		",'imagePullPolicy':'Always'}]," POD_SPEC_DEFAULTS
		",'enableServiceLinks':true},'status':{}}",
	},
	{
		"pods",
		"{'spec':{'hostNetwork':true,'containers':[{'name':'c','image':'r:5000/x:1',"
		"'ports':[{'containerPort':80}],'resources':{'limits':{'memory':'1024Ki',"
		"'cpu':'0.5'},'requests':{'cpu':'100m'}},'livenessProbe':{'httpGet':{'port':80}}}],"
		"'volumes':[{'name':'v'}]}}",
		"{'metadata':{},'spec':{'volumes':[{'name':'v','emptyDir':{}}],'containers':["
		"{'name':'c','image':'r:5000/x:1','ports':[{'hostPort':80,'containerPort':80,"
		"'protocol':'TCP'}],'resources':{'limits':{'cpu':'500m','memory':'1Mi'},'requests':"
		"{'cpu':'100m','memory':'1Mi'}},'livenessProbe':{'httpGet':{'path':'/','port':80,"
		"'scheme':'HTTP'},'timeoutSeconds':1,'periodSeconds':10,'successThreshold':1,"
		"'failureThreshold':3},'terminationMessagePath':'/dev/termination-log',"
		"'terminationMessagePolicy':'File','imagePullPolicy':'IfNotPresent'}],"
		"'restartPolicy':'Always','terminationGracePeriodSeconds':30,"
		"'dnsPolicy':'ClusterFirst','hostNetwork':true,'securityContext':{},"
		"'schedulerName':'default-scheduler','enableServiceLinks':true},'status':{}}",
	},
	{
		"deployments",
		"{'metadata':{'name':'d'},'spec':{'selector':{'matchLabels':{'a':'b'}},'template':{"
		"'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		"'image':'nginx@sha256:1'}]}}}}",
		"{'metadata':{'name':'d'},'spec':{'replicas':1,'selector':{'matchLabels':{'a':'b'}},"
		"'template':{'metadata':{'labels':{'a':'b'}},'spec':{'containers':[{'name':'c',"
		"'image':'nginx@sha256:1'," CONTAINER_DEFAULTS
		",'imagePullPolicy':'IfNotPresent'}]," POD_SPEC_DEFAULTS
		"}},'strategy':{'type':'RollingUpdate','rollingUpdate':{"
		"'maxUnavailable':'25%','maxSurge':'25%'}},'revisionHistoryLimit':10,"
		"'progressDeadlineSeconds':600},'status':{}}",
	},
	{
		"services",
		"{'metadata':{'name':'s'},'spec':{'selector':{'a':'b'},'ports':[{'port':80}]}}",
		"{'metadata':{'name':'s'},'spec':{'ports':[{'protocol':'TCP','port':80,"
		"'targetPort':80}],'selector':{'a':'b'},'type':'ClusterIP','sessionAffinity':'None',"
		"'internalTrafficPolicy':'Cluster'},'status':{'loadBalancer':{}}}",
	},
	{
		"services",
		"{'spec':{'type':'LoadBalancer','sessionAffinity':'ClientIP','ports':[{'port':80,"
		"'targetPort':'web'}]},'status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}",
		"{'metadata':{},'spec':{'ports':[{'protocol':'TCP','port':80,'targetPort':'web'}],"
		"'type':'LoadBalancer','sessionAffinity':'ClientIP','externalTrafficPolicy':"
		"'Cluster','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':10800}},"
		"'allocateLoadBalancerNodePorts':true,'internalTrafficPolicy':'Cluster'},'status':{"
		"'loadBalancer':{'ingress':[{'ip':'1.2.3.4','ipMode':'VIP'}]}}}",
	},
	{
		"jobs",
		"{'metadata':{'name':'j'},'spec':{'template':{'metadata':{'labels':{'a':'b'}},"
		"'spec':{'containers':[],'restartPolicy':'Never'}}}}",
		"{'metadata':{'name':'j','labels':{'a':'b'}},'spec':{'parallelism':1,"
		"'completions':1,'backoffLimit':6,'manualSelector':false,'template':{'metadata':{"
		"'labels':{'a':'b'}},'spec':{'containers':[],'restartPolicy':'Never',"
		"'terminationGracePeriodSeconds':30,'dnsPolicy':'ClusterFirst',"
		"'securityContext':{},'schedulerName':'default-scheduler'}},"
		"'completionMode':'NonIndexed','suspend':false,"
		"'podReplacementPolicy':'TerminatingOrFailed'},'status':{}}",
	},
	{
		"namespaces",
		"{'metadata':{'name':'n','labels':{'z':'1'}}}",
		"{'metadata':{'name':'n','labels':{'kubernetes.io/metadata.name':'n','z':'1'}},"
		"'spec':{},'status':{'phase':'Active'}}",
	},
	{
		"limitranges",
		"{'spec':{'limits':[{'type':'Container','max':{'cpu':'2'},'min':{'memory':'1Mi'}}]}}",
		"{'metadata':{},'spec':{'limits':[{'type':'Container','max':{'cpu':'2'},"
		"'min':{'memory':'1Mi'},'default':{'cpu':'2'},'defaultRequest':{'cpu':'2',"
		"'memory':'1Mi'}}]}}",
	},
	{
		"networkpolicies",
		"{'spec':{'egress':[{}]}}",
		"{'metadata':{},'spec':{'podSelector':{},'egress':[{}],"
		"'policyTypes':['Ingress','Egress']}}",
	},
	{
		"clusterrolebindings",
		"{'subjects':[{'kind':'User','name':'u'},{'kind':'ServiceAccount','name':'s',"
		"'namespace':'n'}],'roleRef':{'kind':'ClusterRole','name':'r'}}",
		"{'metadata':{},'subjects':[{'kind':'User','apiGroup':'rbac.authorization.k8s.io',"
		"'name':'u'},{'kind':'ServiceAccount','name':'s','namespace':'n'}],'roleRef':{"
		"'apiGroup':'rbac.authorization.k8s.io','kind':'ClusterRole','name':'r'}}",
	},
	{
		"horizontalpodautoscalers",
		"{'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d'},'maxReplicas':3,"
		"'metrics':[],'behavior':{'scaleDown':{'selectPolicy':'Min'}}}}",
		"{'metadata':{},'spec':{'scaleTargetRef':{'kind':'Deployment','name':'d'},"
		"'minReplicas':1,'maxReplicas':3,'metrics':[{'type':'Resource','resource':{"
		"'name':'cpu','target':{'type':'Utilization','averageUtilization':80}}}],"
		"'behavior':{'scaleUp':{'stabilizationWindowSeconds':0,'selectPolicy':'Max',"
		"'policies':[{'type':'Pods','value':4,'periodSeconds':15},{'type':'Percent',"
		"'value':100,'periodSeconds':15}]},'scaleDown':{'selectPolicy':'Min','policies':["
		"{'type':'Percent','value':100,'periodSeconds':15}]}}},'status':{"
		"'desiredReplicas':0,'currentMetrics':null}}",
	},
};

static void objects_are_decoded_and_get_their_defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
		struct arena *arena = arena_create(0);
		struct json_value object =
			decode(arena, find_resource(goldens[i].resource), goldens[i].input);
		assert_string_equal(show(arena, &object), goldens[i].output);
		arena_destroy(&arena);
	}
}

static void defaults_change_nothing_the_second_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
		struct arena *arena = arena_create(0);
		struct json_value object =
			decode(arena, find_resource(goldens[i].resource), goldens[i].output);
		assert_string_equal(show(arena, &object), goldens[i].output);
		arena_destroy(&arena);
	}
}

static const struct golden strategies[] = {
	{"statefulsets", "{}", "{'type':'RollingUpdate','rollingUpdate':{'partition':0}}"},
	{"statefulsets", "{'type':'RollingUpdate'}", "{'type':'RollingUpdate'}"},
	{"statefulsets", "{'type':'OnDelete'}", "{'type':'OnDelete'}"},
	{"daemonsets", "{}",
		"{'type':'RollingUpdate','rollingUpdate':{'maxUnavailable':1,'maxSurge':0}}"},
	{"daemonsets", "{'rollingUpdate':{'maxSurge':2}}",
		"{'type':'RollingUpdate','rollingUpdate':{'maxUnavailable':1,'maxSurge':2}}"},
};

static void update_strategies_are_filled_by_their_type(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strategies) / sizeof(*strategies); i++) {
		struct arena *arena = arena_create(0);
		struct str text =
			arena_printf(arena, "{'spec':{'updateStrategy':%s}}", strategies[i].input);
		struct json_value object = decode(
			arena, find_resource(strategies[i].resource), arena_copy_c(arena, text));
		assert_string_equal(
			show(arena, json_find_path(&object, "spec", "updateStrategy", NULL)),
			strategies[i].output);
		arena_destroy(&arena);
	}
}

static void latest_images_are_always_pulled(void **state)
{
	(void)state;
	static const char *const images[][2] = {
		{"nginx", "Always"},
		{"nginx:latest", "Always"},
		{"nginx:1.2", "IfNotPresent"},
		{"host:5000/nginx", "Always"},
		{"host:5000/nginx:latest", "Always"},
		{"host:5000/nginx:latest@sha256:00", "Always"},
		{"nginx@sha256:00", "IfNotPresent"},
		{"", "Always"},
	};
	for (size_t i = 0; i < sizeof(images) / sizeof(*images); i++) {
		struct arena *arena = arena_create(0);
		struct json_value container = json_object();
		json_set(arena, &container, STR("image"), json_string(str_from_c(images[i][0])));
		core_default_container(arena, &container);
		assert_true(str_equal_c(
			json_text(json_find(&container, STR("imagePullPolicy"))), images[i][1]));
		arena_destroy(&arena);
	}
}

static void validation_names_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *resource, *input, *field;
	} cases[] = {
		{"pods", "{'spec':{}}", "spec.containers"},
		{"pods", "{'spec':{'containers':[{'image':'i'}]}}", "spec.containers[0].name"},
		{"pods", "{'spec':{'restartPolicy':'Now','containers':[{'name':'a','image':'i'}]}}",
			"spec.restartPolicy"},
		{"deployments",
			"{'spec':{'replicas':-1,'selector':{'matchLabels':{'a':'b'}},"
			"'template':{'spec':{'containers':[{'name':'c','image':'i'}]}}}}",
			"spec.replicas"},
		{"services", "{'spec':{'ports':[{'port':70000,'targetPort':80}]}}",
			"spec.ports[0].port"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_create(0);
		const struct api_resource *resource = find_resource(cases[i].resource);
		struct json_value object = decode(arena, resource, cases[i].input);
		struct field_errors errors = {.arena = arena};
		schema_validate(resource->schema, &object, NULL, NULL, &errors);
		assert_non_null(errors.first);
		assert_true(str_equal_c(errors.first->field, cases[i].field));
		assert_null(errors.first->next);
		arena_destroy(&arena);
	}
}

static void a_selector_may_not_change(void **state)
{
	(void)state;
	struct arena *arena = arena_create(0);
	const struct api_resource *resource = find_resource("deployments");
	const char *form = "{'spec':{'selector':{'matchLabels':{'a':'%s'}},'template':{'spec':{"
			   "'containers':[{'name':'c','image':'i'}]}}}}";
	struct json_value old =
		decode(arena, resource, arena_copy_c(arena, arena_printf(arena, form, "1")));
	struct json_value object =
		decode(arena, resource, arena_copy_c(arena, arena_printf(arena, form, "2")));
	struct field_errors errors = {.arena = arena};
	schema_validate(resource->schema, &old, &old, NULL, &errors);
	assert_null(errors.first);
	schema_validate(resource->schema, &object, &old, NULL, &errors);
	assert_non_null(errors.first);
	assert_true(str_equal_c(errors.first->field, "spec.selector"));
	arena_destroy(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_decoded_and_get_their_defaults),
		cmocka_unit_test(defaults_change_nothing_the_second_time),
		cmocka_unit_test(update_strategies_are_filled_by_their_type),
		cmocka_unit_test(latest_images_are_always_pulled),
		cmocka_unit_test(validation_names_what_is_wrong),
		cmocka_unit_test(a_selector_may_not_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
