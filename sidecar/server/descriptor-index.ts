import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  type ServiceDescriptorProto,
} from '@bufbuild/protobuf/wkt';

/** Finds schema files, as gRPC reflection asks for them. Files are serialised FileDescriptorProtos, verbatim. */
export interface DescriptorIndex {
  /** Name of the file that declares a message, field, oneof, enum, enum value, extension, service or method. */
  fileOfSymbol(fullName: string): string | undefined;
  /** Name of the file that declares the extension of a message with a number. */
  fileOfExtension(extendee: string, number: number): string | undefined;
  /** Numbers of all known extensions of a message; undefined when the message is not known. */
  extensionNumbers(messageName: string): readonly number[] | undefined;
  /** The file and what it imports, directly or not, the file itself first; undefined when it is not known. */
  fileWithImports(fileName: string): readonly SchemaFile[] | undefined;
}

/** One file of the descriptor set. */
export interface SchemaFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly imports: readonly string[];
}

/** Indexes a serialised google.protobuf.FileDescriptorSet that holds every import. Throws Error when it is malformed. */
export function indexDescriptors(descriptorSet: Uint8Array): DescriptorIndex {
  const files = new Map<string, SchemaFile>();
  const symbols = new Map<string, string>();
  const messages = new Set<string>();
  const extensions = new Map<string, Map<number, string>>();
  for (const bytes of filesIn(descriptorSet)) {
    const file = fromBinary(FileDescriptorProtoSchema, bytes);
    files.set(file.name, { name: file.name, bytes, imports: file.dependency });
    const add = (fullName: string) => symbols.set(fullName, file.name);
    const extend = (extension: FieldDescriptorProto) => {
      const extendee = extension.extendee.replace(/^\./, '');
      const numbers = extensions.get(extendee) ?? new Map<number, string>();
      extensions.set(extendee, numbers.set(extension.number, file.name));
    };
    const scope = { add, extend, message: (fullName: string) => messages.add(fullName) };
    addScope(scope, file.package, { ...file, nestedType: file.messageType });
    for (const service of file.service) addService(scope, file.package, service);
  }
  return {
    fileOfSymbol: (fullName) => symbols.get(fullName),
    fileOfExtension: (extendee, number) => extensions.get(extendee)?.get(number),
    extensionNumbers: (name) => (messages.has(name) ? [...(extensions.get(name)?.keys() ?? [])] : undefined),
    fileWithImports: (fileName) => withImports(files, fileName),
  };
}

/** Receives the names of one file. */
interface Names {
  add(fullName: string): void;
  extend(extension: FieldDescriptorProto): void;
  message(fullName: string): void;
}

/** The declarations that files and messages have in common. */
interface Scope {
  readonly nestedType: readonly DescriptorProto[];
  readonly enumType: readonly EnumDescriptorProto[];
  readonly extension: readonly FieldDescriptorProto[];
}

function addScope(names: Names, prefix: string, scope: Scope): void {
  for (const message of scope.nestedType) addMessage(names, qualified(prefix, message.name), message);
  for (const declared of scope.enumType) {
    names.add(qualified(prefix, declared.name));
    // Values are siblings of their enum, as in C++ (descriptor.proto, EnumValueDescriptorProto).
    for (const value of declared.value) names.add(qualified(prefix, value.name));
  }
  for (const extension of scope.extension) {
    names.add(qualified(prefix, extension.name));
    names.extend(extension);
  }
}

function addMessage(names: Names, fullName: string, message: DescriptorProto): void {
  names.add(fullName);
  names.message(fullName);
  for (const { name } of [...message.field, ...message.oneofDecl]) names.add(qualified(fullName, name));
  addScope(names, fullName, message);
}

function addService(names: Names, prefix: string, service: ServiceDescriptorProto): void {
  const fullName = qualified(prefix, service.name);
  names.add(fullName);
  for (const { name } of service.method) names.add(qualified(fullName, name));
}

function qualified(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}

/** The files' own bytes: field 1 of FileDescriptorSet. Encoding them anew would lose options that we do not know. */
function filesIn(descriptorSet: Uint8Array): Uint8Array[] {
  const fileField = FileDescriptorSetSchema.field.file.number;
  const reader = new BinaryReader(descriptorSet);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === fileField) files.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return files;
}

function withImports(files: ReadonlyMap<string, SchemaFile>, fileName: string): SchemaFile[] | undefined {
  const first = files.get(fileName);
  if (!first) return undefined;
  const found = new Set([first]);
  for (const { imports } of found) {
    for (const name of imports) {
      const file = files.get(name);
      if (file) found.add(file); // a Set visits what is added while it is walked
    }
  }
  return [...found];
}
