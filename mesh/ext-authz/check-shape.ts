import { type MessageShape, shapeOf } from '../protobuf-depth.js';

/**
 * The message fields of `envoy.service.auth.v3.CheckRequest` and of all that it holds, map entries included. Source:
 * envoy/service/auth/v3/attribute_context.proto, envoy/config/core/v3/{address,base}.proto, google/protobuf/struct.proto.
 * The content of `google.protobuf.Any` is bytes to us: nothing here decodes it.
 */
export const CHECK_REQUEST_SHAPE: MessageShape = shapeOf(
  {
    CheckRequest: { 1: 'AttributeContext' },
    AttributeContext: { 1: 'Peer', 2: 'Peer', 4: 'Request', 10: 'Leaf', 11: 'Metadata', 12: 'Leaf', 13: 'Metadata' },
    Peer: { 1: 'Address', 3: 'Leaf' },
    Address: { 1: 'Leaf', 2: 'Leaf', 3: 'Leaf' },
    Request: { 1: 'Leaf', 2: 'HttpRequest' },
    HttpRequest: { 3: 'Leaf', 13: 'HeaderMap' },
    HeaderMap: { 1: 'Leaf' },
    Metadata: { 1: 'StructByName', 2: 'AnyByName' },
    StructByName: { 2: 'Struct' },
    AnyByName: { 2: 'Leaf' },
    Struct: { 1: 'ValueByName' },
    ValueByName: { 2: 'Value' },
    Value: { 5: 'Struct', 6: 'ListValue' },
    ListValue: { 1: 'Value' },
    /** Any message that holds scalars only. */
    Leaf: {},
  },
  'CheckRequest',
);
