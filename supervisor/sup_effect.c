/* SPDX-License-Identifier: Apache-2.0 */
#include "sup_effect.h"

#include "buffer.h"
#include "log.h"

/* All that were set and act from the same thing on, in one line. */
static void warn_of(const struct sup_flags *flags, enum sup_flag_effect effect)
{
	struct buffer names = {0};

	for (enum sup_flag_id id = 0; id < SUP_FLAG_COUNT; id++) {
		const struct sup_flag *flag = sup_flag_get(id);

		if (flag->effect == effect && flag->variable == id && sup_flags_is_set(flags, id))
			buffer_printf(&names, "%s--%s", names.length > 0 ? ", " : "", flag->name);
	}
	if (names.length > 0)
		log_warning("%s: %.*s", sup_flag_effect_text(effect), STR_ARG(buffer_str(&names)));
	buffer_fini(&names);
}

void sup_effects_warn(const struct sup_flags *flags)
{
	for (enum sup_flag_effect effect = SUP_EFFECT_LATER_ADMISSION; effect < SUP_EFFECT_COUNT;
		effect++)
		warn_of(flags, effect);
	if (str_equal(sup_flags_text(flags, SUP_FLAG_STORAGE_BACKEND), STR("etcd3")))
		log_warning("What is in etcd is neither read nor written: all objects are kept in "
			    "the embedded store below --state-dir. A cluster whose objects are in "
			    "etcd must not be handed to this server, it would seem empty");
}
