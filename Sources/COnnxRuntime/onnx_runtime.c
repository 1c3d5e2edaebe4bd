#include "COnnxRuntime.h"

#include "onnx_api.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_FATAL = 4, OPTIMIZE_ALL = 99, DEVICE_ALLOCATOR = 0, MEMORY_DEFAULT = 0 };

struct ort_library {
  struct api api;
  const char *version;
  object *environment, *memory, *allocator;
  char **providers;
  int provider_count;
};

struct tensor_info {
  char *name;
  int type;
  size_t rank;
  int64_t *sizes;
};

struct ort_session {
  struct ort_library *library;
  object *session;
  size_t input_count, output_count;
  struct tensor_info *inputs, *outputs;
};

struct ort_result {
  struct ort_library *library;
  size_t count;
  object **values;
  struct tensor_info *infos;
};

static void say(char *error, size_t size, const char *text) {
  if (size > 0) snprintf(error, size, "%s", text);
}

/* Whether `s` says that something failed; then its words are in `error`, and it is freed. */
static int failed(const ort_library *library, status s, char *error, size_t size) {
  if (s == NULL) return 0;
  say(error, size, library->api.error_message(s));
  library->api.release_status(s);
  return 1;
}

ort_library *ort_library_open(const char *path, char *error, size_t size) {
  void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) {
    say(error, size, dlerror());
    return NULL;
  }
  typedef struct {
    void *const *(*get_api)(uint32_t version);
    const char *(*version)(void);
  } api_base;
  const api_base *(*base)(void) = (const api_base *(*)(void))dlsym(handle, "OrtGetApiBase");
  if (base == NULL) {
    say(error, size, "not ONNX Runtime: it has no OrtGetApiBase");
    return NULL;
  }
  ort_library *library = calloc(1, sizeof *library);
  if (library == NULL) return NULL;
  library->version = base()->version();
  /* The table of a version that will do. Newer libraries know all older tables. */
  void *const *table = base()->get_api(ORT_LEAST_API);
  if (table == NULL) {
    if (size > 0) snprintf(error, size, "ONNX Runtime %s is too old: 1.%d is needed", library->version, ORT_LEAST_API);
    free(library);
    return NULL;
  }
  struct api *api = &library->api;
#define F(place, result, name, parameters) api->name = (result(*) parameters)table[place];
  FUNCTIONS(F)
#undef F
  if (failed(library, api->create_env(LOG_FATAL, "dfer", &library->environment), error, size)
      || failed(library, api->create_cpu_memory_info(DEVICE_ALLOCATOR, MEMORY_DEFAULT, &library->memory), error, size)
      || failed(library, api->default_allocator(&library->allocator), error, size)
      || failed(library, api->available_providers(&library->providers, &library->provider_count), error, size)) {
    free(library);
    return NULL;
  }
  return library;
}

const char *ort_library_version(const ort_library *library) { return library->version; }
size_t ort_library_provider_count(const ort_library *library) { return (size_t)library->provider_count; }
const char *ort_library_provider(const ort_library *library, size_t index) { return library->providers[index]; }

/* What a tensor's description says. Frees nothing: `info` belongs to the caller. */
static int describe(const ort_library *library, const object *info, struct tensor_info *tensor, char *error,
                    size_t size) {
  const struct api *api = &library->api;
  int type = 0;
  if (failed(library, api->element_type(info, &type), error, size)
      || failed(library, api->dimension_count(info, &tensor->rank), error, size))
    return 0;
  tensor->type = type;
  tensor->sizes = calloc(tensor->rank + 1, sizeof(int64_t));
  if (tensor->sizes == NULL) return 0;
  return !failed(library, api->dimensions(info, tensor->sizes, tensor->rank), error, size);
}

/* Name, type and size of an input or output. */
static int describe_one(ort_session *s, size_t i, int is_input, struct tensor_info *info, char *error, size_t size) {
  ort_library *library = s->library;
  const struct api *api = &library->api;
  char *name = NULL;
  object *type = NULL;
  const object *tensor = NULL;
  status named = (is_input ? api->input_name : api->output_name)(s->session, i, library->allocator, &name);
  if (failed(library, named, error, size)) return 0;
  info->name = strdup(name);
  status freed = api->allocator_free(library->allocator, name);
  if (failed(library, freed, error, size) || info->name == NULL) return 0;
  status typed = (is_input ? api->input_type_info : api->output_type_info)(s->session, i, &type);
  if (failed(library, typed, error, size)) return 0;
  int ok = !failed(library, api->cast_type_info(type, &tensor), error, size)
           && (tensor == NULL || describe(library, tensor, info, error, size));
  api->release_type_info(type);
  return ok;
}

/* Names, types and sizes of all inputs or outputs. */
static int describe_all(ort_session *s, size_t count, int are_inputs, struct tensor_info **result, char *error,
                        size_t size) {
  struct tensor_info *infos = calloc(count + 1, sizeof *infos);
  *result = infos;
  if (infos == NULL) return 0;
  for (size_t i = 0; i < count; i++) {
    if (!describe_one(s, i, are_inputs, &infos[i], error, size)) return 0;
  }
  return 1;
}

static void free_infos(struct tensor_info *infos, size_t count) {
  for (size_t i = 0; infos != NULL && i < count; i++) {
    free(infos[i].name);
    free(infos[i].sizes);
  }
  free(infos);
}

/* Tells the options to use a provider; 1 when they do. */
static int append_provider(ort_library *library, object *options, const char *provider, char *error, size_t size) {
  const struct api *api = &library->api;
  if (provider == NULL || strcmp(provider, "CPUExecutionProvider") == 0) return 1;
  if (strcmp(provider, "OpenVINOExecutionProvider") == 0)
    return !failed(library, api->append_openvino(options, NULL, NULL, 0), error, size);
  int is_cuda = strcmp(provider, "CUDAExecutionProvider") == 0;
  if (!is_cuda && strcmp(provider, "TensorrtExecutionProvider") != 0) {
    say(error, size, "an execution provider that is not known here");
    return 0;
  }
  object *settings = NULL;
  status made = (is_cuda ? api->create_cuda_options : api->create_tensorrt_options)(&settings);
  if (failed(library, made, error, size)) return 0;
  status appended = (is_cuda ? api->append_cuda : api->append_tensorrt)(options, settings);
  int ok = !failed(library, appended, error, size);
  (is_cuda ? api->release_cuda_options : api->release_tensorrt_options)(settings);
  return ok;
}

ort_session *ort_session_open(ort_library *library, const void *bytes, size_t count, const char *provider, int threads,
                              char *error, size_t size) {
  const struct api *api = &library->api;
  object *options = NULL;
  if (failed(library, api->create_session_options(&options), error, size)) return NULL;
  ort_session *s = calloc(1, sizeof *s);
  int ok = s != NULL;
  if (ok) {
    s->library = library;
    ok = !failed(library, api->set_threads(options, threads), error, size)
         && !failed(library, api->set_optimization_level(options, OPTIMIZE_ALL), error, size)
         && append_provider(library, options, provider, error, size)
         && !failed(library, api->create_session(library->environment, bytes, count, options, &s->session), error, size)
         && !failed(library, api->input_count(s->session, &s->input_count), error, size)
         && !failed(library, api->output_count(s->session, &s->output_count), error, size)
         && describe_all(s, s->input_count, 1, &s->inputs, error, size)
         && describe_all(s, s->output_count, 0, &s->outputs, error, size);
  }
  api->release_session_options(options);
  if (!ok) {
    ort_session_close(s);
    return NULL;
  }
  return s;
}

void ort_session_close(ort_session *s) {
  if (s == NULL) return;
  if (s->session != NULL) s->library->api.release_session(s->session);
  free_infos(s->inputs, s->input_count);
  free_infos(s->outputs, s->output_count);
  free(s);
}

size_t ort_session_input_count(const ort_session *s) { return s->input_count; }
size_t ort_session_output_count(const ort_session *s) { return s->output_count; }
const char *ort_session_input_name(const ort_session *s, size_t i) { return s->inputs[i].name; }
const char *ort_session_output_name(const ort_session *s, size_t i) { return s->outputs[i].name; }
int ort_session_input_type(const ort_session *s, size_t i) { return s->inputs[i].type; }
int ort_session_output_type(const ort_session *s, size_t i) { return s->outputs[i].type; }
size_t ort_session_input_rank(const ort_session *s, size_t i) { return s->inputs[i].rank; }
size_t ort_session_output_rank(const ort_session *s, size_t i) { return s->outputs[i].rank; }
int64_t ort_session_input_size(const ort_session *s, size_t i, size_t axis) { return s->inputs[i].sizes[axis]; }
int64_t ort_session_output_size(const ort_session *s, size_t i, size_t axis) { return s->outputs[i].sizes[axis]; }

long ort_session_metadata(const ort_session *s, const char *key, char *text, size_t size) {
  ort_library *library = s->library;
  const struct api *api = &library->api;
  object *metadata = NULL;
  char *value = NULL, none[1];
  if (failed(library, api->model_metadata(s->session, &metadata), none, 0)) return -1;
  int bad = failed(library, api->look_up_metadata(metadata, library->allocator, key, &value), none, 0);
  api->release_metadata(metadata);
  if (bad || value == NULL) return -1;
  long length = (long)strlen(value);
  say(text, size, value);
  failed(library, api->allocator_free(library->allocator, value), none, 0);
  return length;
}

ort_result *ort_session_run(ort_session *s, const float *numbers, size_t count, const int64_t *shape, size_t rank,
                            char *error, size_t size) {
  ort_library *library = s->library;
  const struct api *api = &library->api;
  object *input = NULL;
  /* The library takes the numbers without const, and only reads them. */
  void *taken = (void *)(uintptr_t)numbers;
  status made = api->create_tensor(library->memory, taken, count * sizeof(float), shape, rank, ORT_FLOAT, &input);
  if (failed(library, made, error, size)) return NULL;
  ort_result *result = calloc(1, sizeof *result);
  const char **names = calloc(s->output_count + 1, sizeof *names);
  int ok = result != NULL && names != NULL;
  if (ok) {
    result->library = library;
    result->count = s->output_count;
    result->values = calloc(s->output_count + 1, sizeof *result->values);
    result->infos = calloc(s->output_count + 1, sizeof *result->infos);
    ok = result->values != NULL && result->infos != NULL;
  }
  if (ok) {
    for (size_t i = 0; i < s->output_count; i++) names[i] = s->outputs[i].name;
    const char *input_name = s->inputs[0].name;
    const object *given = input;
    status run = api->run(s->session, NULL, &input_name, &given, 1, names, s->output_count, result->values);
    ok = !failed(library, run, error, size);
  }
  for (size_t i = 0; ok && i < s->output_count; i++) {
    if (s->outputs[i].type == 0) continue;
    object *info = NULL;
    ok = !failed(library, api->tensor_type_and_shape(result->values[i], &info), error, size);
    if (!ok) break;
    ok = describe(library, info, &result->infos[i], error, size);
    api->release_tensor_info(info);
  }
  free(names);
  api->release_value(input);
  if (ok) return result;
  ort_result_free(result);
  return NULL;
}

size_t ort_result_count(const ort_result *result, size_t output) {
  const struct tensor_info *info = &result->infos[output];
  if (info->type != ORT_FLOAT) return 0;
  size_t count = 1;
  for (size_t axis = 0; axis < info->rank; axis++) count *= (size_t)info->sizes[axis];
  return count;
}

size_t ort_result_rank(const ort_result *result, size_t output) { return result->infos[output].rank; }
int64_t ort_result_size(const ort_result *result, size_t output, size_t axis) {
  return result->infos[output].sizes[axis];
}

void ort_result_copy(const ort_result *result, size_t output, float *numbers) {
  void *data = NULL;
  char none[1];
  size_t count = ort_result_count(result, output);
  if (count == 0) return;
  ort_library *library = result->library;
  if (!failed(library, library->api.tensor_data(result->values[output], &data), none, 0))
    memcpy(numbers, data, count * sizeof(float));
}

void ort_result_free(ort_result *result) {
  if (result == NULL) return;
  for (size_t i = 0; result->values != NULL && i < result->count; i++)
    if (result->values[i] != NULL) result->library->api.release_value(result->values[i]);
  free_infos(result->infos, result->infos == NULL ? 0 : result->count);
  free(result->values);
  free(result);
}
